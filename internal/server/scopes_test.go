package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// A key that may only issue tickets could take the procedure that decides on logins, see passwords and let itself in as any user.
func TestAKeyWithoutTheScopeDoesNotTakeTheProcedureOfLogins(t *testing.T) {
	const weakKey = "weak-0123456789abcdef"
	r := start(t, strings.Replace(basic, "auth: {", "auth: {dynamic: {procedure: app.login}, ", 1)+`
  - {name: weak, key: `+weakKey+`, may: [tickets]}
procedures: {app.login: {call: "false", register: backend}}
`)
	answering := func(c *client.Client, id string, options *client.RegisterOptions) error {
		_, err := c.Register(t.Context(), "app.login", func(context.Context, *client.Invocation) (client.Payload, error) {
			return client.Payload{Kwargs: object{"allow": true, "identity": object{"id": id}}}, nil
		}, options)
		return err
	}
	backend, weak := r.join(client.Config{Auth: client.Key(allKey)}), r.join(client.Config{Auth: client.Key(weakKey)})
	if err := answering(weak, "root", nil); err == nil {
		t.Error("it registers the procedure first")
	}
	if err := answering(backend, "77", nil); err != nil {
		t.Fatal(err)
	}
	for _, options := range []*client.RegisterOptions{nil, {Invoke: client.InvokeRandom}, {Match: client.MatchPrefix}} {
		var refused *client.Error
		if err := answering(weak, "root", options); !errors.As(err, &refused) || !strings.Contains(err.Error(), "lacks the scope") {
			t.Errorf("%+v: %v", options, err)
		}
	}
	if s := r.join(client.Config{Auth: client.Ticket(ticketOf("secret"))}).Session(); s.AuthID != "77" {
		t.Errorf("it let in %+v", s)
	}
	if _, err := weak.Subscribe(t.Context(), "tidings.", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchPrefix}); err == nil {
		t.Error("it subscribes")
	}
}

func TestAConfigurationIsWarnedAboutScopesThatNoKeyHas(t *testing.T) {
	for yaml, want := range map[string][]string{
		basic + "topics: {a: {subscribe: backend}}\nprocedures: {b: {register: backend, call: \"true\"}}\n":                          nil,
		"api_keys: [{name: erp, key: erp-0123456789abcdef, may: [publish]}]\ntopics: {a: {subscribe: \"true\", publish: backend}}\n": nil,
		"api_keys: [{name: erp, key: erp-0123456789abcdef, may: [publish]}]\n" +
			"topics: {a: {subscribe: backend || anonymous}, b: {subscribe: backend}}\nprocedures: {b: {register: backend, call: \"true\"}}\n": {
			`test.yaml:2:25: this rule is for backends, but no API key has the scope "subscribe"; add "subscribe" to the API key of a backend`,
			`test.yaml:3:28: this rule is for backends, but no API key has the scope "register"; add "register" to the API key of a backend`,
		},
		"auth: {dynamic: {procedure: app.login}}\napi_keys: [{name: erp, key: erp-0123456789abcdef, may: [register]}]\ntopics: {a: {subscribe: \"true\"}}\n": {
			`test.yaml:1:29: the server asks app.login for decisions, but no API key may register it; add the scope "decide"`,
		},
		"authorizer: {procedure: app.may}\ntopics: {a: {handler: {procedure: app.ask}, subscribe: \"true\"}}\nauth: {anonymous: {}}\n": {"test.yaml:1:25: the server asks app.may", "test.yaml:2:35: the server asks app.ask"},
	} {
		parsed, err := config.Parse("test.yaml", []byte(yaml), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
		if err != nil {
			t.Fatal(err)
		}
		got := server.Warnings(parsed)
		if len(got) != len(want) {
			t.Errorf("%s: %v", yaml, got)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i].String(), want[i]) {
				t.Errorf("%s: %s", yaml, got[i])
			}
		}
	}
}
