package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	routing "github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/server"
	"github.com/tidings-io/tidings/internal/wamp"
)

const keeping = `
listen: 127.0.0.1:0
api_keys:
  - {name: tests, key: "a key of at least thirty-two characters", may: ["*"]}
limits: {kept_bytes: 256MiB}
topics:
  kept.{id}: {subscribe: backend, publish: backend, keep: {last: 100000, bytes: 100MiB}}
  few: {subscribe: backend, publish: backend, keep: {last: 5}}
  forgotten: {subscribe: backend, publish: backend}
`

// keeper is a real server that can be stopped and started again at the same addresses, with or without its data.
type keeper struct {
	t         *testing.T
	dir       string
	http, raw string
	inner     *server.Server
	stop      func()
	published int
}

func startKeeper(t *testing.T) *keeper {
	return startKeeperIn(t, filepath.Join(t.TempDir(), "data"))
}

// startKeeperIn starts a server with a folder for its data; "": in memory.
func startKeeperIn(t *testing.T, dir string) *keeper {
	k := &keeper{t: t, dir: dir, http: "127.0.0.1:0", raw: "127.0.0.1:0"}
	k.start()
	t.Cleanup(func() { k.stop() })
	return k
}

func (k *keeper) start() {
	k.t.Helper()
	yaml := fmt.Sprintf("%sdata: %q\nrawsocket:\n  - listen: tcp://%s\n", keeping, k.dir, k.raw)
	c, err := config.Parse("client.yaml", []byte(yaml), config.Options{Sections: server.Sections()})
	if err != nil {
		k.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", k.http)
	if err != nil {
		k.t.Fatal(err)
	}
	s, err := server.New(c, server.Options{Listener: listener, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		k.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(k.t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	select {
	case <-s.Ready():
	case err := <-stopped:
		k.t.Fatal(err)
	}
	k.inner, k.http, k.raw = s, listener.Addr().String(), s.RawSocketAddrs()[0].String()
	k.stop = sync.OnceFunc(func() {
		cancel()
		s.Hurry()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			k.t.Errorf("server: %v", err)
		}
	})
}

// restart stops the server and starts it again, after it was changed.
func (k *keeper) restart(change func()) {
	k.t.Helper()
	k.stop()
	change()
	k.start()
}

func (k *keeper) wipe() {
	if err := os.RemoveAll(k.dir); err != nil {
		k.t.Fatal(err)
	}
}

// publish publishes the next n numbers to a topic.
func (k *keeper) publish(topic string, n int, text string) {
	k.t.Helper()
	for range n {
		k.published++
		payload, err := wamp.NewPayload([]any{k.published, text}, nil)
		if err != nil {
			k.t.Fatal(err)
		}
		if _, err := k.inner.Publish(k.t.Context(), routing.Publication{Topic: wamp.URI(topic), Payload: payload}); err != nil {
			k.t.Fatal(err)
		}
	}
}

// line is the client's way to the server, which the test cuts and restores.
type line struct {
	mu   sync.Mutex // guards what follows
	conn net.Conn
	open chan struct{} // closed while connections can be made
}

func newLine() *line {
	l := &line{open: make(chan struct{})}
	close(l.open)
	return l
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, err
}

// cut closes the connection, and lets no other be made until restore.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = make(chan struct{})
	l.conn.Close()
}

func (l *line) restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.open)
}

// listener is a subscription that notes in order what it is told.
type listener struct {
	t    *testing.T
	line *line
	told chan any // numbers, gaps, and freshness
	*client.Client
}

func (k *keeper) listen(config client.Config) *listener {
	k.t.Helper()
	l := &listener{t: k.t, line: newLine(), told: make(chan any, 100_000)}
	config.Auth, config.Dial = client.Key("a key of at least thirty-two characters"), l.line.dial
	config.Reconnect = client.Reconnect{Min: time.Millisecond, Max: 20 * time.Millisecond}
	c, err := client.Connect(k.t.Context(), config)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	l.Client = c
	return l
}

func (l *listener) follow(topic string, options client.SubscribeOptions) *client.Subscription {
	l.t.Helper()
	options.OnGap = func(g client.Gap) { l.told <- g }
	options.OnStatus = func(s client.Status) { l.told <- s.Freshness }
	s, err := l.Subscribe(l.t.Context(), topic, l.note, &options)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// note is a handler that notes the number of an event.
func (l *listener) note(e *client.Event) { l.told <- int(e.Args[0].(int64)) }

// next gives what is told next.
func (l *listener) next() any {
	l.t.Helper()
	select {
	case told := <-l.told:
		return told
	case <-time.After(time.Minute):
		l.t.Fatal("waited for an event")
		return nil
	}
}

// want wants the numbers from one to another, then a freshness.
func (l *listener) want(from, to int, then ...client.Freshness) {
	l.t.Helper()
	for n := from; n <= to; n++ {
		if got := l.next(); got != n {
			l.t.Fatalf("got %v, want %d", got, n)
		}
	}
	for _, want := range then {
		if got := l.next(); got != want {
			l.t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// until skips what is told before a freshness.
func (l *listener) until(want client.Freshness) (skipped []any) {
	l.t.Helper()
	for {
		told := l.next()
		if told == want {
			return skipped
		}
		skipped = append(skipped, told)
	}
}

// roads are all ways to a server.
func roads() map[string]func(k *keeper) client.Config {
	all := make(map[string]func(*keeper) client.Config)
	for _, s := range []client.Serialization{client.JSON, client.MessagePack, client.CBOR, client.UBJSON} {
		all["WebSocket "+s.String()] = func(k *keeper) client.Config { return client.Config{URL: k.http, Serialization: s} }
		all["RawSocket "+s.String()] = func(k *keeper) client.Config { return client.Config{URL: "rs://" + k.raw, Serialization: s} }
	}
	return all
}
