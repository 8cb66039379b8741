package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// numbered gives tickets with numbers: "ticket 1", "ticket 2". The first of them is for the login.
type numbered struct {
	given   int
	broken  map[int]error // instead of the ticket of a number
	methods []string
}

func (n *numbered) Login(context.Context) (client.Login, error) {
	n.given++
	if err := n.broken[n.given]; err != nil {
		return client.Login{}, err
	}
	ticket := fmt.Sprint("ticket ", n.given)
	return client.Login{
		Methods: n.methods,
		Answer:  func(client.Challenge) (string, map[string]any, error) { return ticket, nil, nil },
		Once:    true,
	}, nil
}

// ending connects a client whose session ends.
func ending(t *testing.T, r *router, n *numbered, seconds any) (*client.Client, *peer) {
	t.Helper()
	if n.methods == nil {
		n.methods = []string{"ticket"}
	}
	connecting := r.connecting(client.Config{Auth: n, Reconnect: client.Reconnect{Min: time.Second, Max: 4 * time.Second}})
	p := r.accept()
	expect[*wamp.Hello](p)
	p.welcomeFor(1, seconds)
	return must(t, connecting), p
}

// renews expects a renewal with a ticket, and answers it.
func renews(t *testing.T, p *peer, ticket string, answer func(request wamp.ID) wamp.Message) {
	t.Helper()
	m := expect[*wamp.Call](p)
	wantEqual(t, m.Procedure, wamp.URI("tidings.session.renew"))
	wantEqual(t, jsonOf(t, m.Payload), fmt.Sprintf(`%q`, ticket))
	p.send(answer(m.Request))
	synctest.Wait()
}

// livesOn answers a renewal with the new end, which is JSON.
func livesOn(t *testing.T, endsIn string) func(wamp.ID) wamp.Message {
	return func(request wamp.ID) wamp.Message {
		return &wamp.Result{Request: request, Payload: payload(t, wamp.V2JSON, "", `{"ends_in":`+endsIn+`,"authrole":"guest","authmethod":"ticket"}`)}
	}
}

func refuses(uri wamp.URI) func(wamp.ID) wamp.Message {
	return func(request wamp.ID) wamp.Message {
		return &wamp.Error{RequestType: wamp.CodeCall, Request: request, Error: uri}
	}
}

// staysSilent expects nothing but GOODBYE from the client, which leaves after a day.
func staysSilent(t *testing.T, c *client.Client, p *peer) {
	t.Helper()
	go func() {
		time.Sleep(24 * time.Hour)
		c.Close()
	}()
	expect[*wamp.Goodbye](p)
	p.conn.Close()
	<-c.Done()
}

func TestASessionIsRenewedBeforeItEndsWithTheTicketOfTheNextLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, n := newRouter(t), &numbered{}
		c, p := ending(t, r, n, 3600)
		began := time.Now()
		renews(t, p, "ticket 2", livesOn(t, "40"))
		if took := time.Since(began); took < 58*time.Minute+30*time.Second || took > 59*time.Minute {
			t.Errorf("renewed after %s", took)
		}
		if s := c.Session(); s.AuthRole != "guest" || s.Details["authrole"] != "guest" || s.AuthID != "42" || s.ID != 1 {
			t.Errorf("the session is %+v", s)
		}
		began = time.Now()
		renews(t, p, "ticket 3", livesOn(t, "null"))
		if took := time.Since(began); took < 25*time.Second || took > 30*time.Second {
			t.Errorf("renewed after %s", took)
		}
		staysSilent(t, c, p)
		wantEqual(t, n.given, 3)
	})
}

func TestARouterThatNamesSillyTimesCausesFewRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, n := newRouter(t), &numbered{}
		c, p := ending(t, r, n, -1)
		began := time.Now()
		for number := range 10 {
			renews(t, p, fmt.Sprint("ticket ", number+2), livesOn(t, "0"))
		}
		if took := time.Since(began); took < 10*time.Second { // Reconnect.Min for each
			t.Errorf("ten renewals in %s", took)
		}
		renews(t, p, "ticket 12", livesOn(t, "9007199254740992"))
		staysSilent(t, c, p)
	})
}

func TestASessionWithoutEndIsNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, n := newRouter(t), &numbered{}
		c, p := ending(t, r, n, nil)
		staysSilent(t, c, p)
		wantEqual(t, n.given, 1)
	})
}

func TestARenewalIsTriedAgainAsLongAsThatIsOfUse(t *testing.T) {
	for name, test := range map[string]struct {
		broken  map[int]error
		refused []wamp.URI
		given   int // tickets in all
	}{
		"a backend that does not answer":   {broken: map[int]error{2: errors.New("no answer"), 3: errors.New("no answer")}, given: 4},
		"a server that cannot tell":        {refused: []wamp.URI{wamp.ErrAuthenticationFailed, wamp.ErrAuthenticationFailed, wamp.ErrUnavailable}, given: 5},
		"a ticket that has expired":        {refused: []wamp.URI{wamp.ErrAuthenticationDenied}, given: 3},
		"a server that denies":             {refused: []wamp.URI{wamp.ErrAuthenticationDenied, wamp.ErrAuthenticationDenied}, given: 3},
		"a server that renews no sessions": {refused: []wamp.URI{wamp.ErrNoSuchProcedure}, given: 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, n := newRouter(t), &numbered{broken: test.broken}
			c, p := ending(t, r, n, 240)
			number := 2 + len(test.broken)
			for _, uri := range test.refused {
				renews(t, p, fmt.Sprint("ticket ", number), refuses(uri))
				number++
			}
			if number <= test.given {
				renews(t, p, fmt.Sprint("ticket ", number), livesOn(t, "null"))
			}
			staysSilent(t, c, p)
			if n.given != test.given {
				t.Errorf("%s: %d tickets, not %d", name, n.given, test.given)
			}
		})
	}
}

func TestALoginThatSendsNoSecretIsNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, n := newRouter(t), &numbered{methods: []string{"wampcra"}}
		c, p := ending(t, r, n, 60)
		staysSilent(t, c, p)
	})
}

func TestARenewalEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, n := newRouter(t), &numbered{}
		c, p := ending(t, r, n, 60)
		expect[*wamp.Call](p)
		p.conn.Close()
		again := r.accept()
		expect[*wamp.Hello](again)
		again.welcomeFor(2, 600)
		wantEqual(t, n.given, 3)
		renews(t, again, "ticket 4", livesOn(t, "null"))
		leave(t, c, again)
	})
}
