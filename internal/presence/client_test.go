package presence_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// claimed lets everybody be who they say, and "erp" be a backend: who proves it is another
// package's business.
type claimed struct{}

func (claimed) Authenticate(_ context.Context, h router.Handshake) (router.Outcome, error) {
	id, _ := h.Details.String("authid")
	return router.Outcome{Identity: &router.Identity{
		ID: id, Name: "Mx " + id, Roles: []string{"staff"}, Method: "ticket", Provider: "test", Backend: id == "erp",
	}}, nil
}

// everybody is a site without rules: who may do what is another package's business.
type everybody struct{}

func (everybody) Authorize(context.Context, router.Request) (router.Decision, error) {
	return router.Decision{}, nil
}

func newRouter() (*router.Router, *router.Realm) {
	r := router.New(router.Options{Authenticator: claimed{}, Authorizer: everybody{}})
	return r, r.AddRealm("app")
}

// client is a page: it speaks WAMP to the router without a network.
type client struct {
	t        testing.TB
	conn     *router.Client
	session  wamp.ID
	requests wamp.ID
}

// join opens a session of the user. A tab may be "".
func join(t testing.TB, r *router.Router, user, tab string) *client {
	t.Helper()
	c := &client{t: t, conn: r.Attach(router.Attachment{Format: router.Format{Encoding: wamp.V2JSON}})}
	t.Cleanup(func() { c.conn.Gone(router.CloseLost) })
	if err := c.conn.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	details := wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}, "publisher": wamp.Dict{}, "caller": wamp.Dict{}}, "authid": user}
	if tab != "" {
		details["_tab"] = tab
	}
	c.send(&wamp.Hello{Realm: "app", Details: details})
	c.session = expect[*wamp.Welcome](c).Session
	return c
}

func (c *client) send(m wamp.Message) {
	c.t.Helper()
	frame, err := wamp.V2JSON.Append(nil, m)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.conn.Receive(c.t.Context(), frame); err != nil && !errors.Is(err, router.ErrEnded) {
		c.t.Fatal(err)
	}
}

// take gives what has arrived.
func (c *client) take() []wamp.Message {
	c.t.Helper()
	frames, _ := c.conn.Outbox().Take(nil, 1<<30)
	messages := make([]wamp.Message, len(frames))
	for i, frame := range frames {
		var err error
		if messages[i], err = wamp.V2JSON.Decode(frame); err != nil {
			c.t.Fatal(err)
		}
	}
	return messages
}

// expect takes one message of a type, the only one that has arrived.
func expect[M wamp.Message](c *client) M {
	c.t.Helper()
	got := c.take()
	if len(got) == 1 {
		if m, ok := got[0].(M); ok {
			return m
		}
	}
	var want M
	c.t.Fatalf("got %+v, not one %T", got, want)
	return want
}

// call gives the keyword arguments of the result, or the error.
func (c *client) call(procedure wamp.URI, args []any, kwargs wamp.Dict) (wamp.Dict, *wamp.Error) {
	c.t.Helper()
	payload, err := wamp.NewPayload(args, kwargs)
	if err != nil {
		c.t.Fatal(err)
	}
	c.requests++
	c.send(&wamp.Call{Request: c.requests, Procedure: procedure, Options: wamp.Dict{}, Payload: payload})
	got := c.take()
	if len(got) != 1 {
		c.t.Fatalf("got %+v, not one answer", got)
	}
	if refused, ok := got[0].(*wamp.Error); ok {
		return nil, refused
	}
	result, ok := got[0].(*wamp.Result)
	if !ok {
		c.t.Fatalf("got %+v, not a result", got[0])
	}
	var answer wamp.Dict
	if err := result.Payload.Decode(nil, &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer, nil
}

// events gives the keyword arguments of the events that have arrived.
func (c *client) events() []wamp.Dict {
	c.t.Helper()
	all := []wamp.Dict{}
	for _, m := range c.take() {
		e, ok := m.(*wamp.Event)
		if !ok {
			c.t.Fatalf("got %+v, not an event", m)
		}
		var kwargs wamp.Dict
		if err := e.Payload.Decode(nil, &kwargs); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, kwargs)
	}
	return all
}
