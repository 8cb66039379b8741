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
api_keys:
  - {name: tests, key: "a key of at least thirty-two characters", may: ["*"]}
topics:
  order.{id:int}: {subscribe: backend, publish: backend}
procedures:
  order.total: {call: backend, register: backend}
`

// serve runs the whole server at an address and returns what stops it.
func serve(t *testing.T, address string) (where string, stop func()) {
	t.Helper()
	c, err := config.Parse("client.yaml", []byte(configuration), config.Options{})
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
		URL: "http://" + address, Key: "a key of at least thirty-two characters", Serialization: client.CBOR,
		Reconnect: client.Reconnect{Min: time.Millisecond, Max: 50 * time.Millisecond},
		OnState: func(change client.Change) {
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
