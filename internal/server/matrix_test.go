package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// everywhere joins one client for each transport and serialization.
func everywhere(t *testing.T) map[string]*client.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	r := start(t, basic+"undeclared: allow\nrawsocket:\n  - {listen: \"tcp://127.0.0.1:0\", ping: true}\n  - listen: unix://"+socket+"\n")
	clients := make(map[string]*client.Client)
	for transport, url := range map[string]string{
		"WebSocket": r.url, "RawSocket": "rs://" + r.server.RawSocketAddrs()[0].String(), "Unix socket": "rs+unix://" + socket,
	} {
		for _, s := range []client.Serialization{client.JSON, client.MessagePack, client.CBOR, client.UBJSON} {
			c, err := client.Connect(t.Context(), client.Config{URL: url, Auth: client.Key(allKey), Serialization: s, Reconnect: client.Reconnect{Off: true}})
			if err != nil {
				t.Fatalf("%s, %s: %v", transport, s, err)
			}
			t.Cleanup(func() { c.Close() })
			clients[transport+" "+s.String()] = c
		}
	}
	return clients
}

// values are what serializations get wrong.
func values(name string) []any {
	return []any{
		name, int64(1)<<53 + 1, int64(-1) << 62, 1.5, true, nil,
		[]byte{0, 1, 0xff},
		"κόσμε \U0001f600", strings.Repeat("long ", 5000),
		[]any{[]any{}, map[string]any{"k": map[string]any{"deep": []byte("x")}}},
	}
}

func TestAnEventGoesFromEveryTransportToEveryOther(t *testing.T) {
	clients := everywhere(t)
	inboxes := make(map[string]*inbox)
	for name, c := range clients {
		inboxes[name] = subscribe(t, c, "a.b")
	}
	for from, c := range clients {
		if _, err := c.Publish(t.Context(), "a.b", client.Payload{Args: values(from), Kwargs: map[string]any{"k": []byte{7}}}, nil); err != nil {
			t.Fatal(err)
		}
		for to, in := range inboxes {
			if to == from {
				continue
			}
			event := wait(t, in.events, "an event from "+from+" to "+to)
			if diff := cmp.Diff(values(from), event.Args) + cmp.Diff(map[string]any{"k": []byte{7}}, event.Kwargs); diff != "" {
				t.Errorf("from %s to %s (-want +got):\n%s", from, to, diff)
			}
		}
	}
}

func TestACallGoesFromEveryTransportToEveryOther(t *testing.T) {
	clients := everywhere(t)
	for name, c := range clients {
		procedure := "echo." + strings.ReplaceAll(name, " ", "_")
		_, err := c.Register(t.Context(), procedure, func(_ context.Context, i *client.Invocation) (client.Payload, error) {
			if len(i.Args) == 0 {
				return client.Payload{}, &client.Error{URI: "a.error", Payload: client.Payload{Args: []any{"nothing", []byte{9}}}}
			}
			return i.Payload, nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	for from, caller := range clients {
		for to := range clients {
			procedure := "echo." + strings.ReplaceAll(to, " ", "_")
			got, err := caller.Call(t.Context(), procedure, client.Payload{Args: values(from)}, nil)
			if err != nil {
				t.Fatalf("from %s to %s: %v", from, to, err)
			}
			if diff := cmp.Diff(values(from), got.Args); diff != "" {
				t.Errorf("from %s to %s (-want +got):\n%s", from, to, diff)
			}
			var failure *client.Error
			if _, err := caller.Call(t.Context(), procedure, client.Payload{}, nil); !errors.As(err, &failure) || failure.URI != "a.error" ||
				fmt.Sprint(failure.Args) != "[nothing [9]]" {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
		}
	}
}

func TestARawSocketMayBeEncrypted(t *testing.T) {
	folder := t.TempDir()
	pool := certificate(t, folder)
	file := write(t, folder, "tidings.yaml", basic+"tls: {cert: cert.pem, key: key.pem}\nrawsocket: [{listen: \"tls://127.0.0.1:0\"}]\n")
	parsed, err := config.Load(file, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	c, err := client.Connect(t.Context(), client.Config{
		URL: "rss://" + r.server.RawSocketAddrs()[0].String(), Auth: client.Key(allKey), TLS: &tls.Config{RootCAs: pool}, Reconnect: client.Reconnect{Off: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if session := c.Session(); session.AuthID != "all" {
		t.Errorf("%+v", session)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
