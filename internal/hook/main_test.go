package hook_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

var ann = &peer.Identity{ID: "ann", Name: "Ann", Roles: []string{"staff", "sales"}, Tenant: "acme", Claims: map[string]any{"plan": "pro"}, Method: "ticket", Provider: "test"}

// aboutPublishing returns the query of most tests.
func aboutPublishing(t *testing.T) *hook.Query {
	t.Helper()
	return &hook.Query{
		Action: peer.Publish, Topic: "order.42", Contract: "order.{id:int}", Params: map[string]string{"id": "42"},
		Identity: ann, Payload: payload(t, `[9007199254740993]`, `{"b":"\u0000AQ=="}`),
	}
}
