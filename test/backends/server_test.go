package backends_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	wamp "github.com/tidings-io/tidings/client"
)

const (
	secret  = "a secret of at least thirty-two bytes"
	key     = "an API key of the application"
	patient = 30 * time.Second // for what has to come
)

const configuration = `
listen: 127.0.0.1:0
auth:
  tickets: {secret: "` + secret + `"}
api_keys:
  - {name: app, key: "` + key + `", may: [publish, tickets, content, presence, maintenance]}
  - {name: weak, key: "an API key without any scope at all", may: [topics]}
topics:
  price.{symbol}:
    subscribe: "true"
    publish: backend
  user.{user}.flash:
    subscribe: params.user == identity.id
    publish: backend
content:
  order.{id}: {watch: "true"}
presence:
  order.{id}: {enter: "true", see: "true"}
`

// server is a process of the real server.
type server struct{ url string }

var listening = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// output keeps what a process prints, and reports the first address in it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if found := listening.Find(o.text.Bytes()); found != nil {
		select {
		case o.address <- string(found):
		default:
		}
	}
	return len(p), nil
}

// serve starts a server, which runs until the test ends.
func serve(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary and starts a server; runs without -short")
	}
	file := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(binary(t), "serve", "--config", file)
	out := &output{address: make(chan string, 1)}
	process.Stderr = out
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM) // Wait reports a server that has ended before
		if err := <-ended; err != nil {
			t.Errorf("the server failed: %v\n%s", err, out.text.String())
		}
	})
	select {
	case address := <-out.address:
		return &server{url: "http://" + address}
	case err := <-ended:
		ended <- err
		t.Fatal("the server ended before it printed its address")
		return nil
	}
}

// connect gives a client of the language to the server.
func (s *server) connect(t *testing.T, c *client, more with) {
	t.Helper()
	options := with{"url": s.url, "key": key}
	for name, value := range more {
		options[name] = value
	}
	c.succeed(t, "new", options, nil)
}

// page is a connection like that of a page.
type page struct {
	*wamp.Client
	events chan *wamp.Event
}

// open connects a page with a ticket, and subscribes to a topic.
func (s *server) open(t *testing.T, ticket func() string, topic string) *page {
	t.Helper()
	p := &page{events: make(chan *wamp.Event, 100)}
	login := wamp.Ticket(func(context.Context) (string, error) { return ticket(), nil })
	var err error
	if p.Client, err = wamp.Connect(t.Context(), wamp.Config{URL: s.url, Auth: login}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	if topic != "" {
		if _, err := p.Subscribe(t.Context(), topic, func(e *wamp.Event) { p.events <- e }, nil); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// next returns the payload of the next event.
func (p *page) next(t *testing.T) map[string]any {
	t.Helper()
	select {
	case e := <-p.events:
		var kwargs map[string]any
		if err := e.Decode(&kwargs); err != nil {
			t.Fatal(err)
		}
		return kwargs
	case <-time.After(patient):
		t.Fatal("no event has come")
		return nil
	}
}

// fake is a server that answers as a test says, and counts.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

// answers starts a server that gives the nth request to serve(n, ...), from 1.
func answers(t *testing.T, serve func(n int, w http.ResponseWriter, r *http.Request)) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r)
		n := len(f.requests)
		f.mu.Unlock()
		serve(n, w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

// login logs in with a ticket, and returns why it was refused.
func (s *server) login(t *testing.T, ticket string) error {
	t.Helper()
	c, err := wamp.Connect(t.Context(), wamp.Config{
		URL: s.url, Auth: wamp.Ticket(func(context.Context) (string, error) { return ticket, nil }),
		Reconnect: wamp.Reconnect{Off: true},
	})
	if err == nil {
		return c.Close()
	}
	return err
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
