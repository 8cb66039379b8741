package server_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const shop = basic + `
topics:
  order.{id:int}:
    subscribe: '"staff" in identity.roles'
    publish: backend
  user.{user}.flash:
    subscribe: params.user == identity.id
    publish: backend
  talk:
    subscribe: "true"
    publish: '"staff" in identity.roles'
procedures:
  shop.reserve: {call: backend, register: '"staff" in identity.roles'}
`

func TestAFlashReachesAllPagesOfItsUserAndOfNoOther(t *testing.T) {
	r := start(t, shop)
	ann, again, ben := r.user("ann", ""), r.user("ann", ""), r.user("ben", "")
	pages := []*inbox{subscribe(t, ann, "user.ann.flash"), subscribe(t, again, "user.ann.flash")}
	other := subscribe(t, ben, "user.ben.flash")

	var receipt struct{ Deliveries int }
	r.api(allKey, "POST", "publish", map[string]any{"topic": "user.ann.flash", "args": []any{"hello"}}).as(200, &receipt)
	if receipt.Deliveries != 2 {
		t.Errorf("%d deliveries", receipt.Deliveries)
	}
	for _, page := range pages {
		if got := page.next(); got != `"hello"` {
			t.Errorf("got %s", got)
		}
	}
	_, err := ben.Subscribe(t.Context(), "user.ann.flash", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "user.ann.flash")
	_, err = ben.Subscribe(t.Context(), "user.", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchPrefix})
	refusedWith(t, err, "wamp.error.not_authorized", "user.{user}.flash")
	r.api(allKey, "POST", "publish", map[string]any{"topic": "user.ben.flash", "args": []any{"bye"}}).as(200, nil)
	if got := other.next(); got != `"bye"` {
		t.Errorf("got %s", got)
	}
	other.none()
}

func TestHTTPAndWebSocketRequestsAreRefusedAlike(t *testing.T) {
	r := start(t, shop)
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	for topic, want := range map[string]string{
		"undeclared":           "is not declared",
		"order.abc":            "is not declared",
		"talk":                 `publish rule of talk says no`,
		"tidings.changed.x":    "reserved for the server",
		"wamp.session.on_join": "",
	} {
		answer := r.api(allKey, "POST", "publish", map[string]any{"topic": topic})
		if answer.status != 403 && answer.status != 422 {
			t.Errorf("%s: HTTP %d", topic, answer.status)
		}
		answer.refused(answer.status, want)
		if _, err := backend.Publish(t.Context(), topic, client.Payload{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: WebSocket %v", topic, err)
		}
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "white space"}).refused(422, "")
}

func TestAKeyNeedsItsScopesOverWebSocketAndHTTP(t *testing.T) {
	r := start(t, shop)
	issuer := r.join(client.Config{Auth: client.Key("issuer-0123456789abcdef")})
	_, err := issuer.Publish(t.Context(), "order.1", client.Payload{}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", `lacks the scope "publish"`)
	_, err = issuer.Call(t.Context(), "shop.reserve", client.Payload{}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", `lacks the scope "call"`)
	r.api("issuer-0123456789abcdef", "POST", "publish", map[string]any{"topic": "order.1"}).refused(403, `lacks the scope "publish"`)

	publisher := r.join(client.Config{Auth: client.Key("publisher-0123456789abcdef")})
	if _, err := publisher.Publish(t.Context(), "order.1", client.Payload{}, nil); err != nil {
		t.Error(err)
	}
}

func TestACallByHTTPReachesAClientsProcedure(t *testing.T) {
	r := start(t, shop)
	r.api(allKey, "POST", "call", map[string]any{"procedure": "shop.reserve"}).refused(404, "shop.reserve")
	staff := r.user("ann", "", "staff")
	_, err := staff.Register(t.Context(), "shop.reserve", func(_ context.Context, in *client.Invocation) (client.Payload, error) {
		if len(in.Args) == 0 {
			return client.Payload{}, &client.Error{URI: "shop.error.nothing", Payload: client.Payload{Args: []any{"say what"}}}
		}
		return client.Args(in.Args[0], "reserved"), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var result struct{ Args []any }
	r.api(allKey, "POST", "call", map[string]any{"procedure": "shop.reserve", "args": []any{42}}).as(200, &result)
	if len(result.Args) != 2 || result.Args[1] != "reserved" {
		t.Errorf("%v", result)
	}
	r.api(allKey, "POST", "call", map[string]any{"procedure": "shop.reserve"}).refused(422, "say what")
}

func TestAPayloadThatBreaksTheSchemaIsRefusedOverWebSocketAndHTTP(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "order.json", `{"type":"object","required":["status"],"properties":{"status":{"enum":["new","sent"]}}}`)
	file := write(t, folder, "tidings.yaml", basic+`
topics:
  order.{id:int}: {publish: backend, payload: {schema: order.json}}
`)
	parsed, err := config.Load(file, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	r.api(allKey, "POST", "publish", map[string]any{"topic": "order.1", "kwargs": map[string]any{"status": "sent"}}).as(200, nil)
	r.api(allKey, "POST", "publish", map[string]any{"topic": "order.1", "kwargs": map[string]any{"status": "lost"}}).refused(422, "/status")
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	_, err = backend.Publish(t.Context(), "order.1", client.Args("x"), nil)
	refusedWith(t, err, "wamp.error.invalid_argument", "schema of order.{id:int}")
}

// mistakes returns what is wrong with a configuration file, without the folder.
func mistakes(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := config.Load(file, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	err = server.Check(parsed, nil, nil)
	problems, ok := err.(config.Problems) //nolint:errorlint // it is documented as such
	if !ok {
		t.Fatalf("not problems but: %v", err)
	}
	var list []string
	for _, p := range problems {
		list = append(list, strings.ReplaceAll(p.String(), filepath.Dir(file)+string(filepath.Separator), ""))
	}
	return list
}

// expectPrefixes compares texts with what each of them has to begin with.
func expectPrefixes(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

func TestEveryMistakeOfAConfigurationIsFoundWhereItStands(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "number.json", `{"type": "number"}`)
	file := write(t, folder, "tidings.yaml", `
origins: [example.com]
tls: {cert: missing.pem, key: missing.pem}
topics:
  order.{id:integer}: {subscribe: "true"}
  user.{user}: {subscribe: identiy.id == params.user}
  a.{x}: {publish: backend, payload: {schema: missing.json}}
  c.{x}: {publish: backend}
  "{y}.d": {publish: backend}
  beat: {subscribe: "true", payload: {schema: number.json}, every: {interval: 1s, args: [text]}}
`)
	want := []string{
		`tidings.yaml:2:11: `, `tidings.yaml:3:13: `, `tidings.yaml:5:13: there is no type integer; `,
		`tidings.yaml:6:28: `, `tidings.yaml:7:47: `, `tidings.yaml:9:4: {y}.d can match the same topic as user.{user} at tidings.yaml:6:3; `,
		`tidings.yaml:9:4: {y}.d can match the same topic as a.{x} at tidings.yaml:7:3; `,
		`tidings.yaml:9:4: {y}.d can match the same topic as c.{x} at tidings.yaml:8:3; `,
		`tidings.yaml:10:3: every: `,
	}
	expectPrefixes(t, mistakes(t, file), want)
}

func write(t *testing.T, folder, name, content string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
