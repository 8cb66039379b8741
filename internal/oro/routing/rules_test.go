package routing_test

import (
	"os"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/oro/routing"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// scopes lets each backend publish.
type scopes struct{}

func (scopes) Scopes(string) ([]string, bool) { return []string{"*"}, true }

func TestContractsDecideAsTheHandlersOfTheApplication(t *testing.T) {
	made, problems := routing.Read(routing.Options{
		Files: folder{os.DirFS("testdata/shop")}, Routes: []string{"websocket_routing.yml"}, Services: []string{"services.yml"},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	parsed, err := config.Parse("topics.yaml", made.YAML(), config.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	compiled, problems := policy.Compile(policy.Source{Config: parsed})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p := policy.New(policy.Options{Contracts: compiled, Keys: scopes{}})
	user := &peer.Identity{ID: "7", Method: "ticket"}
	backend := &peer.Identity{ID: "oro", Backend: true, Key: "oro"}
	for _, c := range []struct {
		who    *peer.Identity
		action peer.Action
		topic  wamp.URI
		want   bool
	}{
		{user, peer.Subscribe, "acme/order_status/7/12", true},
		{user, peer.Subscribe, "acme/order_status/7/*", true},
		{user, peer.Subscribe, "acme/order_status/8/12", false},
		{user, peer.Subscribe, "acme/order_status/07/12", false},
		{user, peer.Subscribe, "acme/order_status/*/12", false},
		{user, peer.Publish, "acme/order_status/7/12", false},
		{backend, peer.Publish, "acme/order_status/7/12", true},
		{user, peer.Subscribe, "acme/stock/de12", true},
		{user, peer.Subscribe, "acme/stock/DE12", false},
		{user, peer.Subscribe, "acme/stock/de12/x", false},
		{user, peer.Subscribe, "acme/news", true},
		{user, peer.Publish, "acme/news", false},
		{user, peer.Subscribe, "acme/export/u-7/a_b", true},
		{user, peer.Subscribe, "acme/export/u-8/a_b", false},
		{user, peer.Subscribe, "acme/export/7/a_b", false},
		{user, peer.Subscribe, "acme/mailbox/7", true},
		{user, peer.Subscribe, "acme/mailbox/*", true},
		{user, peer.Subscribe, "acme/mailbox/8", false},
		{backend, peer.Publish, "acme/mailbox/*", true},
		{user, peer.Subscribe, "acme/heartbeat", true},
		{backend, peer.Publish, "acme/heartbeat", false},
	} {
		got := p.Explain(t.Context(), policy.Request{Identity: c.who, Action: c.action, URI: c.topic})
		if allowed := got.Refusal == nil; allowed != c.want {
			t.Errorf("%s %v %s: %v", c.who.ID, c.action, c.topic, got.Refusal)
		}
	}
}
