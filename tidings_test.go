package tidings_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/google/go-cmp/cmp"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

func TestMain(m *testing.M) {
	http.DefaultClient.Transport = &http.Transport{DisableKeepAlives: true} // nothing is left for goleak to find
	goleak.VerifyTestMain(m)
}

const shop = `
auth: {tickets: {secret: 0123456789abcdef0123456789abcdef}}
api_keys: [{name: erp, key: erp-0123456789abcdef, may: ["*"]}]
topics:
  order.{id:int}: {subscribe: "true", publish: backend, payload: {schema: order.json}}
  talk: {subscribe: "true", publish: "true"}
procedures:
  shop.fail: {call: "true"}
`

var files = filesWith(shop)

func filesWith(yaml string) fstest.MapFS {
	return fstest.MapFS{
		"tidings.yaml": {Data: []byte(yaml)},
		"order.json":   {Data: []byte(`{"type": "object"}`)},
	}
}

// run makes a server of the shop, lets the test change it, and runs it until the test ends.
func run(t *testing.T, change func(*tidings.Server)) *tidings.Server {
	t.Helper()
	return runFiles(t, files, change)
}

func runFiles(t *testing.T, files fs.FS, change func(*tidings.Server)) *tidings.Server {
	t.Helper()
	return runConfig(t, tidings.Config{Files: files, Logger: slog.New(slog.DiscardHandler)}, change)
}

// runLogged is run with a log.
func runLogged(t *testing.T, log *logged, change func(*tidings.Server)) *tidings.Server {
	t.Helper()
	return runConfig(t, tidings.Config{Files: files, Logger: log.logger()}, change)
}

func runConfig(t *testing.T, c tidings.Config, change func(*tidings.Server)) *tidings.Server {
	t.Helper()
	c.File, c.Listen, c.Env = "tidings.yaml", "127.0.0.1:0", func(string) (string, bool) { return "", false }
	server, err := tidings.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if server.Addr() != "" {
		t.Errorf("it listens on %s before it runs", server.Addr())
	}
	change(server)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-server.Ready()
	return server
}

func join(t *testing.T, server *tidings.Server, user string) *client.Client {
	t.Helper()
	return joinWith(t, server, user, client.JSON)
}

// joinBackend connects with the API key of the shop.
func joinBackend(t *testing.T, server *tidings.Server) *client.Client {
	t.Helper()
	c, err := client.Connect(t.Context(), client.Config{URL: server.Addr(), Auth: client.Key("erp-0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func joinWith(t *testing.T, server *tidings.Server, user string, serialization client.Serialization) *client.Client {
	t.Helper()
	c, err := client.Connect(t.Context(), client.Config{
		URL:           "http://" + server.Addr(),
		Serialization: serialization,
		Reconnect:     client.Reconnect{Off: true},
		Tab:           "tab-of-" + strings.NewReplacer("@", "_", ".", "_").Replace(user),
		Auth: client.Ticket(func(ctx context.Context) (string, error) {
			ticket, err := server.IssueTicket(ctx, tidings.Grant{User: user, Name: "The " + user, Claims: map[string]any{"level": 3}})
			return ticket.Ticket, err
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func subscribe(t *testing.T, c *client.Client, topic string) <-chan *client.Event {
	t.Helper()
	events := make(chan *client.Event, 10)
	if _, err := c.Subscribe(t.Context(), topic, func(e *client.Event) { events <- e }, nil); err != nil {
		t.Fatal(err)
	}
	return events
}

func next(t *testing.T, events <-chan *client.Event) *client.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(time.Minute):
		t.Fatal("waited for an event")
		return nil
	}
}

func TestWhatTheProgramPublishesIsHeldToTheContract(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	for topic, uri := range map[string]string{
		"undeclared": "wamp.error.not_authorized", "order.1": "wamp.error.invalid_argument", "a b": "wamp.error.invalid_uri",
	} {
		_, err := server.Realm().Publish(t.Context(), topic, tidings.Args("text"), nil)
		var refused *tidings.Error
		if !errors.As(err, &refused) || refused.URI != uri {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

func TestAPublicationCanBeForSomeOnly(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	ann, ben := subscribe(t, join(t, server, "ann"), "talk"), subscribe(t, join(t, server, "ben"), "talk")
	if n := server.Realm().Subscribers("talk"); n != 2 {
		t.Errorf("%d subscribers", n)
	}
	receipt, err := server.Realm().Publish(t.Context(), "talk", tidings.Args("psst"), &tidings.PublishOptions{EligibleUsers: []string{"ben"}})
	if err != nil || receipt.Deliveries != 1 || receipt.Publication == 0 {
		t.Errorf("%+v %v", receipt, err)
	}
	if got := next(t, ben).Args[0]; got != "psst" {
		t.Errorf("ben got %v", got)
	}
	if _, err := server.Realm().Publish(t.Context(), "talk", tidings.Args("all"), nil); err != nil {
		t.Fatal(err)
	}
	if got := next(t, ann).Args[0]; got != "all" {
		t.Errorf("ann got %v", got)
	}
}

func TestAHandlerSeesWhoAsksAndMayReplaceThePayload(t *testing.T) {
	asked := make(chan tidings.Request, 10)
	server := run(t, func(s *tidings.Server) {
		err := s.Handle("talk", tidings.Handlers{Publish: func(_ context.Context, r *tidings.Request) (*tidings.Payload, error) {
			asked <- *r
			switch r.Payload.Args[0] {
			case "rude":
				return nil, tidings.Refuse("be kind")
			case "odd":
				return nil, errors.New("the database is down")
			}
			replacement := tidings.Args(r.Identity.Name + " says " + r.Payload.Args[0].(string))
			return &replacement, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	})
	ann := join(t, server, "ann")
	events := subscribe(t, join(t, server, "ben"), "talk")
	publish := func(text string) error {
		_, err := ann.Publish(t.Context(), "talk", client.Args(text), nil)
		return err
	}
	if err := publish("hello"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, events).Args[0]; got != "The ann says hello" {
		t.Errorf("got %v", got)
	}
	seen := <-asked
	if seen.Topic != "talk" || seen.Identity.ID != "ann" || seen.Identity.Claims["level"] != int64(3) || seen.Session != ann.Session().ID || seen.Identity.Backend {
		t.Errorf("%+v", seen)
	}
	if err := publish("rude"); err == nil || !strings.Contains(err.Error(), "be kind") {
		t.Errorf("rude: %v", err)
	}
	if err := publish("odd"); err == nil || strings.Contains(err.Error(), "database") {
		t.Errorf("a failure: %v", err)
	}
}

func TestAProcedureChoosesTheErrorOfItsCaller(t *testing.T) {
	server := run(t, func(s *tidings.Server) {
		_, err := s.Realm().Register("shop.fail", func(_ context.Context, call *tidings.Invocation) (tidings.Payload, error) {
			if len(call.Payload.Args) > 0 {
				return tidings.Payload{}, errors.New("a secret")
			}
			return tidings.Payload{}, tidings.Errorf("shop.error.closed", "come back %s", call.Caller.Name)
		})
		if err != nil {
			t.Fatal(err)
		}
		answer := func(context.Context, *tidings.Invocation) (tidings.Payload, error) { return tidings.Payload{}, nil }
		if _, err := s.Realm().Register("shop.undeclared", answer); err == nil {
			t.Error("a procedure was registered that nobody may call")
		}
	})
	_, err := join(t, server, "ann").Call(t.Context(), "shop.fail", client.Payload{}, nil)
	var answered *client.Error
	if !errors.As(err, &answered) || answered.URI != "shop.error.closed" || answered.Message != "come back The ann" {
		t.Errorf("by a client: %v", err)
	}
	_, err = server.Realm().Call(t.Context(), "shop.fail", tidings.Payload{})
	var refused *tidings.Error
	if !errors.As(err, &refused) || refused.URI != "shop.error.closed" {
		t.Errorf("by the program: %v", err)
	}
	if _, err = server.Realm().Call(t.Context(), "shop.fail", tidings.Args(1)); err == nil || strings.Contains(err.Error(), "a secret") {
		t.Errorf("a failure: %v", err)
	}
	if _, err = server.Realm().Call(t.Context(), "shop.nothing", tidings.Payload{}); !errors.As(err, &refused) || refused.URI != "wamp.error.no_such_procedure" {
		t.Errorf("nobody's procedure: %v", err)
	}
}

func TestAMountedHandlerServesNextToTheServersOwnPaths(t *testing.T) {
	server := run(t, func(s *tidings.Server) {
		hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
		if err := s.Mount("GET /hello", hello); err != nil {
			t.Fatal(err)
		}
	})
	answer, err := http.Get("http://" + server.Addr() + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" {
		t.Errorf("%q %v", body, err)
	}
}

func TestAConfigurationThatIsWrongSaysWhere(t *testing.T) {
	for name, c := range map[string]tidings.Config{
		"tidings.yaml:1:1: there is no key lisen": {File: "tidings.yaml", Files: fstest.MapFS{"tidings.yaml": {Data: []byte("lisen: :1")}}},
		"configuration:2:16: there is no idd":     {YAML: []byte("topics:\n  a: {publish: idd == 1}")},
		"use one":                                 {File: "a", YAML: []byte("b")},
		"none.yaml":                               {File: "none.yaml", Files: files},
		"--set limits.nothing":                    {Set: []string{"limits.nothing=1"}},
	} {
		if _, err := tidings.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not in: %v", name, err)
		}
	}
}

func TestTheMistakesOfAConfigurationAreGivenByFileLineAndColumn(t *testing.T) {
	_, err := tidings.New(tidings.Config{YAML: []byte("lisen: :1\ntopics:\n  a: {publish: idd == 1}")})
	var wrong *tidings.ConfigError
	if !errors.As(err, &wrong) || len(wrong.Problems) != 2 {
		t.Fatalf("%#v", err)
	}
	first := wrong.Problems[0]
	if first.File != "configuration" || first.Line != 1 || first.Column != 1 || first.Message == "" || !strings.Contains(first.Fix, "listen") {
		t.Errorf("%+v", first)
	}
	if second := wrong.Problems[1]; second.Line != 3 || second.Column != 16 {
		t.Errorf("%+v", second)
	}
}

func TestTheProgramSubscribesToItsOwnRealm(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	events := make(chan *tidings.Event, 10)
	cancel, err := server.Realm().Subscribe("ta", client.MatchPrefix, func(e *tidings.Event) { events <- e })
	if err != nil {
		t.Fatal(err)
	}
	ann := join(t, server, "ann")
	if _, err := ann.Publish(t.Context(), "talk", client.Args(map[string]any{"deep": []any{map[string]any{"er": 1}}}), nil); err != nil {
		t.Fatal(err)
	}
	e := next(t, events)
	if e.Topic != "talk" || e.Publisher != ann.Session().ID || e.PublisherAuthID != "ann" || e.Publication == 0 {
		t.Errorf("%+v", e)
	}
	want := map[string]any{"deep": []any{map[string]any{"er": int64(1)}}}
	if diff := cmp.Diff(want, e.Args[0]); diff != "" {
		t.Errorf("the payload (-want +got):\n%s", diff)
	}
	cancel()
	if _, err := ann.Publish(t.Context(), "talk", client.Args("later"), nil); err != nil {
		t.Fatal(err)
	}
	if len(events) > 0 {
		t.Errorf("after cancel: %+v", <-events)
	}
	if _, err := server.Realm().Subscribe("ta", "fuzzy", func(*tidings.Event) {}); err == nil {
		t.Error("an unknown match policy was accepted")
	}
}

func TestTheProgramSeesTheSessions(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	before := len(server.Realm().Sessions())
	ann := join(t, server, "ann")
	sessions := server.Realm().Sessions()
	if len(sessions) != before+1 {
		t.Fatalf("%d sessions after %d", len(sessions), before)
	}
	for _, s := range sessions {
		if s.ID == ann.Session().ID && (s.Identity.ID != "ann" || s.Tab != "tab-of-ann" || s.Address == "" || s.Joined.IsZero()) {
			t.Errorf("%+v", s)
		}
	}
}

func TestAnErrorIsComparedByItsURI(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	_, err := server.Realm().Publish(t.Context(), "undeclared", tidings.Args(1), nil)
	if !errors.Is(err, client.ErrNotAuthorized) || errors.Is(err, client.ErrNoSuchProcedure) {
		t.Errorf("by the program: %v", err)
	}
	_, err = join(t, server, "ann").Call(t.Context(), "shop.nothing", client.Payload{}, nil)
	if !errors.Is(err, client.ErrNotAuthorized) {
		t.Errorf("by a client: %v", err)
	}
}

func TestAPayloadIsReadAsOneValue(t *testing.T) {
	for _, test := range []struct {
		payload tidings.Payload
		want    string
	}{
		{tidings.Args(1), `1`},
		{tidings.Args(1, "b"), `[1,"b"]`},
		{tidings.Kwargs(map[string]any{"a": 1}), `{"a":1}`},
		{tidings.Payload{Args: []any{1}, Kwargs: map[string]any{"a": 1}}, `{"args":[1],"kwargs":{"a":1}}`},
	} {
		var got jsonText
		if err := test.payload.Decode(&got); err != nil || string(got) != test.want {
			t.Errorf("%+v: %s %v", test.payload, got, err)
		}
	}
	if err := tidings.Args(make(chan int)).Decode(new(any)); err == nil {
		t.Error("a channel was decoded")
	}
}

type jsonText []byte

func (j *jsonText) UnmarshalJSON(b []byte) error { *j = append((*j)[:0], b...); return nil }
