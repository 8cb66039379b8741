package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const configuration = `
listen: 127.0.0.1:0
auth:
  users:
    - {authid: ann, wampcra: {key: "RbtaKwyVbPbjNhnyVQcE7Ipzo0dvCLwuLAv7hmbrsL0=", salt: "c2FsdA==", iterations: 1000, keylen: 32}}
api_keys:
  - {name: tests, key: "a key of at least thirty-two characters", may: ["*"]}
topics:
  order.{id:int}: {subscribe: backend, publish: backend}
procedures:
  order.{what}: {call: backend, register: backend}
`

// serve runs the whole server at an address and returns what stops it.
func serve(t *testing.T, address string) (where string, stop func()) {
	t.Helper()
	c, err := config.Parse("client.yaml", []byte(configuration), config.Options{Sections: server.Sections()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, server.Options{Listener: listener, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	<-s.Ready()
	return listener.Addr().String(), func() {
		cancel()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("server: %v", err)
		}
	}
}

func TestAClientOutlivesARestartOfTheServer(t *testing.T) {
	address, stop := serve(t, "127.0.0.1:0")
	connected := make(chan uint64, 2)
	c, err := client.Connect(t.Context(), client.Config{
		URL: "http://" + address, Auth: client.Key("a key of at least thirty-two characters"), Serialization: client.CBOR,
		Reconnect: client.Reconnect{Min: time.Millisecond, Max: 50 * time.Millisecond},
		OnState: func(change client.StateChange) {
			if change.State == client.Connected {
				connected <- change.Session
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	events := make(chan *client.Event, 1)
	if _, err := c.Subscribe(t.Context(), "order.42", func(e *client.Event) { events <- e }, nil); err != nil {
		t.Fatal(err)
	}
	total := func(_ context.Context, call *client.Invocation) (client.Payload, error) { return call.Payload, nil }
	if _, err := c.Register(t.Context(), "order.total", total, nil); err != nil {
		t.Fatal(err)
	}
	first := <-connected
	stop()
	_, stop = serve(t, address)
	defer stop()
	if second := <-connected; second == first {
		t.Errorf("the session is still %d", second)
	}

	publication, err := c.Publish(t.Context(), "order.42", client.Args("shipped"), &client.PublishOptions{IncludeMe: true})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, (<-events).Publication, publication)
	result, err := c.Call(t.Context(), "order.total", client.Args(99), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, result.Args, []any{int64(99)})
	_, err = c.Publish(t.Context(), "invoice.42", client.Args("paid"), nil)
	wantError(t, err, "wamp.error.not_authorized")
}

// connectBackend connects to the server of this test as a backend.
func connectBackend(t *testing.T, address string) *client.Client {
	c, err := client.Connect(t.Context(), client.Config{URL: "http://" + address, Auth: client.Key("a key of at least thirty-two characters")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestAResultComesInPartsIfTheCallerTakesThem(t *testing.T) {
	address, stop := serve(t, "127.0.0.1:0")
	t.Cleanup(stop)
	callee, caller := connectBackend(t, address), connectBackend(t, address)
	count := func(ctx context.Context, call *client.Invocation) (client.Payload, error) {
		for n := range 3 {
			if err := call.Progress(ctx, client.Args(n)); err != nil {
				return client.Payload{}, err
			}
		}
		return client.Args("done"), nil
	}
	if _, err := callee.Register(t.Context(), "order.count", count, nil); err != nil {
		t.Fatal(err)
	}
	var parts []any
	result, err := caller.Call(t.Context(), "order.count", client.Payload{}, &client.CallOptions{
		Progress: func(part client.Payload) { parts = append(parts, part.Args...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, parts, []any{int64(0), int64(1), int64(2)})
	wantEqual(t, result.Args, []any{"done"})
	result, err = caller.Call(t.Context(), "order.count", client.Payload{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, result.Args, []any{"done"})
}

func TestCalleesTakeTurnsAndACallEndsInTime(t *testing.T) {
	address, stop := serve(t, "127.0.0.1:0")
	t.Cleanup(stop)
	caller := connectBackend(t, address)
	canceled := make(chan struct{})
	for _, name := range []string{"one", "two"} {
		procedure := func(ctx context.Context, call *client.Invocation) (client.Payload, error) {
			if len(call.Args) > 0 { // asked to take its time
				<-ctx.Done()
				close(canceled)
				return client.Payload{}, ctx.Err()
			}
			return client.Args(name), nil
		}
		options := &client.RegisterOptions{Invoke: client.InvokeRoundRobin}
		if _, err := connectBackend(t, address).Register(t.Context(), "order.name", procedure, options); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"one", "two", "one"} {
		result, err := caller.Call(t.Context(), "order.name", client.Payload{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, result.Args, []any{name})
	}
	_, err := caller.Call(t.Context(), "order.name", client.Args("slowly"), &client.CallOptions{Timeout: 20 * time.Millisecond})
	wantError(t, err, "wamp.error.timeout")
	<-canceled
}
