package lifetime_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/lifetime"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// renewer takes a ticket for what it says: "USER ROLE", for an hour, or "USER" without end.
type renewer struct{ asked []peer.Renewal }

// Authenticate implements [peer.Authenticator].
func (r *renewer) Authenticate(_ context.Context, request peer.AuthRequest) (peer.AuthResult, error) {
	return peer.AuthResult{Identity: request.Peer.Identity}, nil
}

// RenewByTicket implements [peer.TicketRenewer].
func (r *renewer) RenewByTicket(_ context.Context, renewal peer.Renewal) (*peer.Identity, error) {
	r.asked = append(r.asked, renewal)
	switch renewal.Ticket {
	case "ann guest":
		return &peer.Identity{ID: "ann", Roles: []string{"guest"}, Expires: time.Now().Add(time.Hour)}, nil
	case "ann":
		return &peer.Identity{ID: "ann", Roles: []string{"staff"}}, nil
	case "ben":
		return &peer.Identity{ID: "ben"}, nil
	}
	return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket is refused")
}

// staffOnly refuses the topic "staff" to all others.
type staffOnly struct{}

func (staffOnly) Authorize(_ context.Context, q router.Request) (peer.Decision, error) {
	if q.URI == "staff" && q.Session.Identity().Role() != "staff" {
		return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "only for staff")
	}
	return peer.Decision{}, nil
}

func open(t *testing.T) (*router.Router, *router.Realm, *renewer) {
	t.Helper()
	renews := &renewer{}
	r := router.New(router.Options{Authenticator: renews, Authorizer: staffOnly{}})
	realm := r.AddRealm("app")
	detach, err := lifetime.Attach(realm, lifetime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(detach)
	return r, realm, renews
}

// person returns ann, whose session lives for a time; 0: without end.
func person(life time.Duration) *peer.Identity {
	identity := &peer.Identity{ID: "ann", Roles: []string{"staff"}, Method: "ticket"}
	if life > 0 {
		identity.Expires = time.Now().Add(life)
	}
	return identity
}

// call calls a procedure with arguments alone.
func call(t *testing.T, c *routertest.Client, procedure wamp.URI, args ...any) (wamp.Dict, *wamp.Error) {
	t.Helper()
	return c.Call(procedure, args, nil)
}

func TestASessionIsRenewedOnItsConnection(t *testing.T) {
	for _, encoding := range []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON} {
		synctest.Test(t, func(t *testing.T) {
			r, realm, renews := open(t)
			c := routertest.Join(t, r, routertest.Page{Identity: person(time.Minute), Encoding: encoding})
			c.Subscribe("staff", wamp.MatchExact)
			c.Subscribe("all", wamp.MatchExact)
			time.Sleep(time.Minute / 2)
			renewed, refused := call(t, c, lifetime.ProcedureRenew, "ann guest")
			if refused != nil || renewed["ends_in"] != int64(3600) || renewed["authrole"] != "guest" {
				t.Errorf("%s: got %v, %+v", encoding, renewed, refused)
			}
			if realm.Subscribers("staff") != 0 || realm.Subscribers("all") != 1 {
				t.Errorf("%s: %d and %d subscribers", encoding, realm.Subscribers("staff"), realm.Subscribers("all"))
			}
			asked := renews.asked[0]
			if asked.Realm != "app" || asked.Session != c.Session().ID() || asked.Identity.Role() != "staff" {
				t.Errorf("%s: the renewer was asked %+v", encoding, asked)
			}
			time.Sleep(59 * time.Minute)
			if got, _ := call(t, c, lifetime.ProcedureLifetime); got["ends_in"] != int64(60) {
				t.Errorf("%s: it lives %v", encoding, got)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := len(realm.Sessions()); n != 0 {
				t.Errorf("%s: the session outlives its ticket", encoding)
			}
		})
	}
}

func TestARefusedTicketLeavesTheSessionAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := open(t)
		c := routertest.Join(t, r, routertest.Page{Identity: person(time.Minute)})
		before := c.Session().Identity()
		for name, test := range map[string]struct {
			args []any
			want wamp.URI
		}{
			"no ticket":       {nil, wamp.ErrInvalidArgument},
			"an empty ticket": {[]any{""}, wamp.ErrInvalidArgument},
			"a number":        {[]any{4711}, wamp.ErrInvalidArgument},
			"two tickets":     {[]any{"ann", "ann"}, wamp.ErrInvalidArgument},
			"a used ticket":   {[]any{"used"}, wamp.ErrAuthenticationDenied},
			"another user's":  {[]any{"ben"}, wamp.ErrAuthenticationDenied},
		} {
			if got, refused := call(t, c, lifetime.ProcedureRenew, test.args...); refused == nil || refused.Error != test.want {
				t.Errorf("%s: got %v, %+v", name, got, refused)
			}
			if c.Session().Identity() != before {
				t.Errorf("%s: the session has another identity", name)
			}
		}
		if got, _ := call(t, c, lifetime.ProcedureLifetime); got["ends_in"] != int64(60) {
			t.Errorf("it lives %v", got)
		}
	})
}

func TestASessionIsToldBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := open(t)
		lives := map[string]time.Duration{"long": time.Hour, "four minutes": 4 * time.Minute, "short": 20 * time.Second}
		clients := map[string]*routertest.Client{}
		for name, life := range lives {
			clients[name] = routertest.Join(t, r, routertest.Page{Identity: person(life)})
		}
		clients["for ever"] = routertest.Join(t, r, routertest.Page{Identity: person(0)})
		gone := routertest.Join(t, r, routertest.Page{Identity: person(time.Minute)})
		gone.Subscribe(lifetime.TopicExpiring, wamp.MatchExact)
		gone.Lose()
		for _, c := range clients {
			c.Subscribe(lifetime.TopicExpiring, wamp.MatchExact)
		}
		notice := map[string]time.Duration{"long": time.Minute, "four minutes": time.Minute, "short": 5 * time.Second}
		told := map[string]int{}
		began := time.Now()
		for time.Since(began) < 2*time.Hour {
			synctest.Wait()
			for name, c := range clients {
				if c.Session().Reason() != 0 {
					continue
				}
				for _, event := range c.Events() {
					told[name]++
					left := lives[name] - time.Since(began)
					if left != notice[name] || event["ends_in"] != int64(left/time.Second) {
						t.Errorf("%s: told %v with %s to go", name, event, left)
					}
				}
			}
			time.Sleep(time.Second)
		}
		if diff := cmp.Diff(map[string]int{"long": 1, "four minutes": 1, "short": 1}, told); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARenewedSessionIsToldAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := open(t)
		c := routertest.Join(t, r, routertest.Page{Identity: person(10 * time.Minute)})
		c.Subscribe(lifetime.TopicExpiring, wamp.MatchExact)
		time.Sleep(8 * time.Minute)
		if _, refused := call(t, c, lifetime.ProcedureRenew, "ann guest"); refused != nil {
			t.Fatal(refused)
		}
		time.Sleep(58 * time.Minute)
		synctest.Wait()
		if events := c.Events(); len(events) != 0 {
			t.Errorf("told too early: %v", events)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if events := c.Events(); len(events) != 1 {
			t.Errorf("told %v", events)
		}
		if got, refused := call(t, c, lifetime.ProcedureRenew, "ann"); refused != nil || got["ends_in"] != nil {
			t.Errorf("got %v, %+v", got, refused)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if events := c.Events(); len(events) != 0 || c.Session().Reason() != 0 {
			t.Errorf("a session without end was told %v, and closed by %s", events, c.Session().Reason())
		}
	})
}

func TestASessionIsToldWhatWasTakenFromIt(t *testing.T) {
	r, realm, _ := open(t)
	ann := routertest.Join(t, r, routertest.Page{Identity: person(0)})
	ben := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ben", Roles: []string{"staff"}}})
	for _, c := range []*routertest.Client{ann, ben} {
		c.Subscribe(lifetime.TopicRevoked, wamp.MatchExact)
		c.Subscribe("staff", wamp.MatchExact)
	}
	if _, err := ann.Session().Reauthenticate(t.Context(), &peer.Identity{ID: "ann"}); err != nil {
		t.Fatal(err)
	}
	want := wamp.Dict{"kind": "subscription", "uri": "staff", "match": "exact", "reason": "wamp.error.not_authorized", "message": "only for staff"}
	if diff := cmp.Diff([]wamp.Dict{want}, ann.Events()); diff != "" {
		t.Error(diff)
	}
	if events := ben.Events(); len(events) != 0 {
		t.Errorf("another session was told %v", events)
	}
	if n := realm.Subscribers("staff"); n != 1 {
		t.Errorf("%d subscribers are left", n)
	}
}

func TestTheProceduresAreAboutASession(t *testing.T) {
	_, realm, _ := open(t)
	for _, procedure := range []wamp.URI{lifetime.ProcedureRenew, lifetime.ProcedureLifetime} {
		if _, err := realm.Call(t.Context(), router.CallRequest{Procedure: procedure}); err == nil {
			t.Errorf("%s answers the server itself", procedure)
		}
	}
}
