package tidings_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

// mounted runs a server without a port of its own below a prefix of another HTTP server.
func mounted(t *testing.T) (server *tidings.Server, outer *httptest.Server, start, stop func()) {
	t.Helper()
	server, err := tidings.New(tidings.Config{
		File: "tidings.yaml", Files: files, HandlerOnly: true, Logger: slog.New(slog.DiscardHandler),
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/tidings/", http.StripPrefix("/tidings", server))
	outer = httptest.NewServer(mux)
	t.Cleanup(outer.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	start = func() {
		go func() { done <- server.Run(ctx) }()
		<-server.Ready()
	}
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return server, outer, start, stop
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestAServerIsAHandlerBelowAPrefixOfAnotherOne(t *testing.T) {
	server, outer, start, stop := mounted(t)
	if status, body := get(t, outer.URL+"/tidings/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "has not started") {
		t.Errorf("before Run: %d %s", status, body)
	}
	start()
	if server.Addr() != "" {
		t.Errorf("it listens at %s", server.Addr())
	}
	for path, says := range map[string]string{
		"/healthz": "ok", "/client/tidings.js": "WebSocket", "/metrics": "tidings_", "/api/v1/openapi.json": "openapi",
	} {
		if status, body := get(t, outer.URL+"/tidings"+path); status != http.StatusOK || !strings.Contains(body, says) {
			t.Errorf("%s: %d %.100s", path, status, body)
		}
	}
	for _, serialization := range []client.Serialization{client.JSON, client.MessagePack} {
		c, err := client.Connect(t.Context(), client.Config{
			URL: outer.URL + "/tidings/ws", Serialization: serialization, Reconnect: client.Reconnect{Off: true},
			Auth: client.Key("erp-0123456789abcdef"),
		})
		if err != nil {
			t.Fatal(err)
		}
		events := subscribe(t, c, "talk")
		if _, err := server.Realm().Publish(t.Context(), "talk", tidings.Args("hello"), nil); err != nil {
			t.Fatal(err)
		}
		if got := next(t, events).Args[0]; got != "hello" {
			t.Errorf("got %v", got)
		}
		defer c.Close()
	}
	stop()
	if status, body := get(t, outer.URL+"/tidings/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "has stopped") {
		t.Errorf("after Run: %d %s", status, body)
	}
}

func TestAClientThatForgetsThePrefixIsToldSo(t *testing.T) {
	_, outer, start, stop := mounted(t)
	start()
	defer stop()
	_, err := client.Connect(t.Context(), client.Config{URL: outer.URL, Auth: client.Key("erp-0123456789abcdef")})
	wantText(t, err, "below a prefix")
}

func TestAServerWithoutAListenerDoesNotSayThatItListens(t *testing.T) {
	var said bytes.Buffer
	server, err := tidings.New(tidings.Config{
		File: "tidings.yaml", Files: files, HandlerOnly: true, Logger: slog.New(slog.NewTextHandler(&said, nil)),
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if text := said.String(); !strings.Contains(text, "ready for the requests of another HTTP server") || strings.Contains(text, "listening") {
		t.Error(text)
	}
}

func TestAListenerOfItsOwnAndHandlerOnlyExcludeEachOther(t *testing.T) {
	_, err := tidings.New(tidings.Config{HandlerOnly: true, Listen: "127.0.0.1:0"})
	wantText(t, err, "leave Listen and Listener empty")
}
