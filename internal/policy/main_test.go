package policy_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys are the scopes of API keys, by name.
type keys map[string][]string

// Scopes implements [policy.Scopes].
func (k keys) Scopes(key string) ([]string, bool) {
	scopes, ok := k[key]
	return scopes, ok
}

var scopes = keys{
	"all": {"*"}, "publisher": {"publish"}, "issuer": {"tickets"}, "watcher": {"subscribe"}, "callee": {"register"}, "judge": {"decide"},
	"presence": {"presence"}, "sessions": {"sessions"}, "topics": {"topics"}, "callee and judge": {"register", "decide"},
	"usurper": {"register", "force_reregister"}, "usurping judge": {"register", "decide", "force_reregister"},
	"ann": {"register"}, "caller": {"call"}, "calling judge": {"call", "decide"}, "watcher of sessions": {"subscribe", "sessions"}, "watcher of all": {"subscribe", "sessions", "topics", "content"},
}

// declared is the contract of a feature.
var declared = []policy.Declaration{
	{Prefix: "tidings.thing.", Pattern: config.Text{Value: "{id:int}"}, Subscribe: config.Text{Value: "true"}, Keep: &config.Keep{Last: 5}},
	{Pattern: config.Text{Value: "tidings.things"}, Publish: config.Text{Value: "backend"}, Scope: "content"},
	{Procedure: true, Pattern: config.Text{Value: "tidings.thing.see"}, Call: config.Text{Value: `"staff" in identity.roles`}, Hidden: true},
}

// contracts compiles a configuration without a mistake.
func contracts(t *testing.T, yaml string) *policy.Contracts {
	t.Helper()
	parsed, err := config.Parse("test.yaml", []byte(yaml), config.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	compiled, problems := policy.Compile(policy.Source{Config: parsed, Declarations: declared})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return compiled
}

// running is a policy with the realm that it decides for.
type running struct {
	*policy.Policy
	router *router.Router
	realm  *router.Realm
}

// open returns the policy of a configuration.
func open(t *testing.T, yaml string) *running {
	t.Helper()
	p := policy.New(policy.Options{Contracts: contracts(t, yaml), Keys: scopes})
	r := router.New(router.Options{Authorizer: p, Retention: p.Retention()})
	realm := r.AddRealm("app")
	if err := p.Open(realm); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &running{p, r, realm}
}

// swap replaces the contracts as a reload does.
func (p *running) swap(t *testing.T, compiled *policy.Contracts) error {
	t.Helper()
	swap, err := p.Prepare(compiled, scopes)
	if err != nil {
		return err
	}
	swap()
	_, err = p.Recheck(t.Context())
	return err
}

// key returns the identity of an API key.
func key(name string) *peer.Identity {
	i := routertest.Backend(name)
	i.Key = name
	return i
}

// refused checks the URI and a part of the message of a refusal.
func refused(t *testing.T, err error, uri wamp.URI, text string) {
	t.Helper()
	failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
	if !ok || failure.URI != uri || !strings.Contains(failure.Message, text) {
		t.Errorf("got %v instead of %s with %q", err, uri, text)
	}
}

func patterns(p *running) []string {
	var found []string
	for _, c := range p.Contracts() {
		found = append(found, c.Pattern)
	}
	slices.Sort(found)
	return found
}

// run runs the policy until stop is called.
func (p *running) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}
