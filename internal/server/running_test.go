package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// patience is how long a test waits for what must come before it fails.
const patience = time.Minute

const secret = "0123456789abcdef0123456789abcdef"

// basic is the configuration that most tests add to. "all" is the key that may everything.
const basic = `
auth: {tickets: {secret: "` + secret + `", ttl: 1m}}
api_keys:
  - {name: all, key: all-0123456789abcdef, may: ["*"]}
  - {name: publisher, key: publisher-0123456789abcdef, may: [publish]}
  - {name: issuer, key: issuer-0123456789abcdef, may: [tickets]}
`

const allKey = "all-0123456789abcdef"

// running is a server that runs until the test ends.
type running struct {
	t      *testing.T
	server *server.Server
	url    string
	log    *syncBuffer
	stop   func() error            // ends it now, and gives what Run gave
	yaml   *atomic.Pointer[string] // the configuration that a reload reads
}

// start runs a configuration on a port of its own.
func start(t *testing.T, yaml string, before ...func(*server.Server)) *running {
	t.Helper()
	parsed, err := parse(yaml)
	if err != nil {
		t.Fatal(err)
	}
	return startConfig(t, parsed, before...)
}

func parse(yaml string) (*config.Config, error) {
	return config.Parse("test.yaml", []byte(yaml), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
}

// reload gives the server another configuration.
func (r *running) reload(yaml string) (server.Reloaded, error) {
	r.yaml.Store(&yaml)
	return r.server.Reload(r.t.Context())
}

// reloaded is reload of a configuration without mistakes.
func (r *running) reloaded(yaml string) server.Reloaded {
	r.t.Helper()
	done, err := r.reload(yaml)
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

func startConfig(t *testing.T, parsed *config.Config, before ...func(*server.Server)) *running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log, yaml := &syncBuffer{}, new(atomic.Pointer[string])
	yaml.Store(new(string))
	s, err := server.New(parsed, server.Options{
		Listener: listener,
		Logger:   slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Load:     func() (*config.Config, error) { return parse(*yaml.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range before {
		change(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("the server stopped with: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	wait(t, s.Ready(), "the server to be ready")
	return &running{t: t, server: s, url: "http://" + s.Addr(), log: log, stop: stop, yaml: yaml}
}

// noEnvironment is an environment without variables. If the suite is to run on portable sockets, as that of package
// transport, it has the one that selects them.
func noEnvironment(name string) (string, bool) {
	if sockets := os.Getenv("TIDINGS_TEST_SOCKETS"); sockets != "" && name == "TIDINGS_WEBSOCKET_SOCKETS" {
		return sockets, true
	}
	return "", false
}

// join connects a client, or fails the test.
func (r *running) join(config client.Config) *client.Client {
	r.t.Helper()
	c, err := r.tryJoin(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *running) tryJoin(config client.Config) (*client.Client, error) {
	r.t.Helper()
	config.URL = r.url
	config.Reconnect.Off = true
	c, err := client.Connect(r.t.Context(), config)
	if err == nil {
		r.t.Cleanup(func() { c.Close() })
	}
	return c, err
}

// user joins as a user with the roles, by a ticket.
func (r *running) user(id string, tab string, roles ...string) *client.Client {
	r.t.Helper()
	return r.join(client.Config{Auth: client.Ticket(r.ticket(id, roles...)), Tab: tab})
}

// ticket asks the API for tickets of a user.
func (r *running) ticket(id string, roles ...string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		var answer struct{ Ticket string }
		r.api(allKey, "POST", "tickets", map[string]any{"user": id, "name": "The " + id, "roles": append([]string{}, roles...)}).as(201, &answer)
		return answer.Ticket, nil
	}
}

// answered is what the API answered.
type answered struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// api asks the HTTP API.
func (r *running) api(key, method, path string, body any) answered {
	r.t.Helper()
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.request(key, method, "/api/v1/"+path, encoded)
}

func (r *running) request(key, method, path string, body []byte) answered {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	return r.send(request)
}

func (r *running) send(request *http.Request) answered {
	r.t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answered{r.t, answer.StatusCode, answer.Header, read}
}

// as checks the status and decodes the body.
func (a answered) as(status int, v any) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

// refused checks that the answer is a problem document whose detail contains the text.
func (a answered) refused(status int, detail string) {
	a.t.Helper()
	var problem struct{ Detail string }
	a.as(status, &problem)
	if !strings.Contains(problem.Detail, detail) {
		a.t.Errorf("detail %q does not contain %q", problem.Detail, detail)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("Content-Type %q", got)
	}
}

// inbox subscribes and collects.
type inbox struct {
	t      *testing.T
	events chan *client.Event
}

func subscribe(t *testing.T, c *client.Client, topic string) *inbox {
	t.Helper()
	in := &inbox{t, make(chan *client.Event, 100)}
	if _, err := c.Subscribe(t.Context(), topic, func(e *client.Event) { in.events <- e }, nil); err != nil {
		t.Fatal(err)
	}
	return in
}

// next gives the next event as one JSON value.
func (in *inbox) next() string {
	in.t.Helper()
	value, err := wait(in.t, in.events, "an event").JSON()
	if err != nil {
		in.t.Fatal(err)
	}
	return string(value)
}

// decode reads the next event into v.
func (in *inbox) decode(v any) {
	in.t.Helper()
	if err := json.Unmarshal([]byte(in.next()), v); err != nil {
		in.t.Fatal(err)
	}
}

// none checks that nothing came. Call it when something that was sent later has come.
func (in *inbox) none() {
	in.t.Helper()
	select {
	case e := <-in.events:
		value, _ := e.JSON()
		in.t.Errorf("an event that should not come: %s %s", e.Topic, value)
	default:
	}
}

func wait[T any](t *testing.T, from <-chan T, what string) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
	}
	return got
}

// syncBuffer is a buffer that a server writes while a test reads.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
