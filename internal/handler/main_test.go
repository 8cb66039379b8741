package handler_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/handler"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// member is a client that speaks JSON with a router.
type member struct {
	t      *testing.T
	client *router.Client
}

func enter(t *testing.T, r *router.Router, identity *router.Identity) *member {
	t.Helper()
	m := &member{t: t, client: r.Attach(router.Attachment{Format: router.Format{Encoding: wamp.V2JSON}, Peer: router.Peer{Identity: identity}})}
	m.say(`[1,"app",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]`)
	t.Cleanup(func() { m.client.Gone(router.CloseLost) })
	return m
}

func (m *member) say(frame string) {
	m.t.Helper()
	if err := m.client.Receive(m.t.Context(), []byte(frame)); err != nil {
		m.t.Fatal(frame, err)
	}
}

// heard takes what waits for the client.
func (m *member) heard() []wamp.Message {
	frames, _ := m.client.Outbox().Take(nil, 1<<20)
	var list []wamp.Message
	for _, frame := range frames {
		message, err := wamp.V2JSON.Decode(frame)
		if err != nil {
			m.t.Error(err)
		}
		list = append(list, message)
	}
	return list
}

func payload(t *testing.T, args, kwargs string) wamp.Payload {
	t.Helper()
	part := func(text string) []byte {
		if text == "" {
			return nil
		}
		return []byte(text)
	}
	p, err := wamp.PayloadFromJSON(part(args), part(kwargs))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var ann = &router.Identity{ID: "ann", Name: "Ann", Roles: []string{"staff", "sales"}, Tenant: "acme", Claims: map[string]any{"plan": "pro"}, Method: "ticket", Provider: "test"}

// aboutPublishing is what most tests ask.
func aboutPublishing(t *testing.T) *handler.Request {
	t.Helper()
	return &handler.Request{
		Action: router.Publish, Topic: "order.42", Contract: "order.{id:int}", Params: map[string]string{"id": "42"},
		Identity: ann, Payload: payload(t, `[9007199254740993]`, `{"b":"\u0000AQ=="}`),
	}
}
