package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// wantText wants an error that says something.
func wantText(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("got the error %v, want one that says %q", err, says)
	}
}

func TestNothingInPlaceOfSomethingIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		var none context.Context
		ctx := t.Context()
		event := func(*client.Event) {}
		answer := func(context.Context, *client.Invocation) (client.Payload, error) { return client.Payload{}, nil }
		for name, err := range map[string]error{
			"the handler is nil":  failed(c.Subscribe(ctx, "t", nil, nil)),
			"the topic is empty":  failed(c.Subscribe(ctx, "", event, nil)),
			"function is nil":     failed(c.Register(ctx, "p", nil, nil)),
			"procedure is empty":  failed(c.Register(ctx, "", answer, nil)),
			"topic or procedure":  failed(c.Publish(ctx, "", client.Payload{}, nil)),
			"or procedure is":     failed(c.Call(ctx, "", client.Payload{}, nil)),
			"the context is nil":  failed(c.Publish(none, "t", client.Payload{}, nil)),
			"context is nil: use": failed(c.Call(none, "p", client.Payload{}, nil)),
			"t: the context":      failed(c.Subscribe(none, "t", event, nil)),
			"p: the context":      failed(c.Register(none, "p", answer, nil)),
			"connect: the con":    failed(client.Connect(none, client.Config{URL: "127.0.0.1:1"})),
			"Config.URL is empty": failed(client.Connect(ctx, client.Config{})),
			"that gets tickets":   failed(client.Connect(ctx, client.Config{URL: "127.0.0.1:1", Auth: client.Ticket(nil)})),
			"API key is empty":    failed(client.Connect(ctx, client.Config{URL: "127.0.0.1:1", Auth: client.Key("")})),
			"Limits.Events is":    failed(client.Connect(ctx, client.Config{URL: "127.0.0.1:1", Limits: client.Limits{Events: -1}})),
			"Limits.Ping is":      failed(client.Connect(ctx, client.Config{URL: "127.0.0.1:1", Limits: client.Limits{Ping: -time.Second}})),
			"Reconnect.Min is":    failed(client.Connect(ctx, client.Config{URL: "127.0.0.1:1", Reconnect: client.Reconnect{Min: -1}})),
		} {
			wantText(t, err, name)
		}
		leave(t, c, p)
	})
}

func failed[T any](_ T, err error) error { return err }

func TestAPanicOfAProcedureIsAnErrorThatNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var log strings.Builder
		c, p := connect(t, r, client.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		register(t, c, p, func(_ context.Context, call *client.Invocation) (client.Payload, error) {
			switch len(call.Args) {
			case 0:
				panic("on fire")
			case 1:
				var none *client.Error
				return client.Payload{}, none
			}
			return client.Payload{}, new(client.Error)
		})
		for i, test := range []struct{ args, says string }{
			{"[]", "failed on this call"}, {"[1]", "nil *client.Error"}, {"[1,2]", ""},
		} {
			says := test.says
			p.send(&wamp.Invocation{
				Request: wamp.ID(i + 1), Registration: 9, Details: wamp.Dict{}, Payload: payload(t, p.encoding, test.args, ""),
			})
			refused := expect[*wamp.Error](p)
			wantEqual(t, refused.Error, wamp.URI("wamp.error.runtime_error"))
			if !strings.Contains(jsonOf(t, refused.Payload), says) {
				t.Errorf("the caller is told %s", jsonOf(t, refused.Payload))
			}
		}
		leave(t, c, p)
		if !strings.Contains(log.String(), "on fire") || !strings.Contains(log.String(), "mistakes_test.go") {
			t.Errorf("the log says %s", log.String())
		}
	})
}

func TestAPanicOfAnEventHandlerIsLoggedAndTheNextEventComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var log strings.Builder
		c, p := connect(t, r, client.Config{
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			OnState:  func(client.StateChange) { panic("in OnState") },
			OnStatus: func(client.Status) { panic("in OnStatus") },
		})
		events := make(chan uint64, 2)
		subscribe(t, c, p, subscription{topic: "t", id: 5, handler: func(e *client.Event) {
			events <- e.Publication
			panic("in the handler")
		}})
		for id := range wamp.ID(2) {
			p.send(&wamp.Event{Subscription: 5, Publication: id + 1, Details: wamp.Dict{}})
		}
		wantEqual(t, []uint64{<-events, <-events}, []uint64{1, 2})
		leave(t, c, p)
		for _, what := range []string{"in the handler", "in OnState", "in OnStatus"} {
			if !strings.Contains(log.String(), what) {
				t.Errorf("the log does not have the panic %s", what)
			}
		}
	})
}

func TestAPanicOfTheLoginIsAnErrorAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		tries := 0
		c, p := connect(t, r, client.Config{Logger: slog.New(slog.DiscardHandler), Auth: client.Ticket(func(context.Context) (string, error) {
			if tries++; tries == 2 {
				panic("no session")
			}
			return "ticket", nil
		})})
		p.conn.Close()
		p = r.welcome(8)
		wantEqual(t, tries, 3)
		leave(t, c, p)
	})
}

func TestTheAddressOfAServerMayBeShort(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080":          "ws://127.0.0.1:8080/ws",
		"localhost:8080":          "ws://localhost:8080/ws",
		"LOCALHOST:8080":          "ws://LOCALHOST:8080/ws",
		":8080":                   "ws://localhost:8080/ws",
		"[::1]:8080":              "ws://[::1]:8080/ws",
		"tidings.example.com":     "ws://tidings.example.com/ws",
		"tidings.example.com:443": "wss://tidings.example.com:443/ws",
		"//host:8080":             "ws://host:8080/ws",
		"host:8080/":              "ws://host:8080/ws",
		"host:8080/ws":            "ws://host:8080/ws",
		"host:8080/a/ws":          "ws://host:8080/a/ws",
		"http://host":             "ws://host/ws",
		"HTTPS://host/":           "wss://host/ws",
		"ws://host":               "ws://host/ws",
		"wss://host/ws?ticket=x":  "wss://host/ws?ticket=x",
		"http://host#part":        "ws://host/ws",
		"rs://host:8081":          "rs://host:8081",
		"rss://host:8081/":        "rss://host:8081",
		"rs+unix:///run/t.sock":   "rs+unix:///run/t.sock",
	} {
		if got, err := client.ServerURL(address); err != nil || got != want {
			t.Errorf("%s: got %s and %v, want %s", address, got, err, want)
		}
	}
	for address, says := range map[string]string{
		"":                        "Config.URL is empty",
		"htpp://host:8080":        `begins with "htpp:"`,
		"tcp://host:8080":         `begins with "tcp:"`,
		"http:host":               "names no host",
		"http:/host":              "names no host",
		"http://":                 "names no host",
		"http://host:port":        "invalid port",
		"host name:8080":          "invalid character",
		"http://key@host":         "set Config.Auth",
		"http://a:secret@host":    "set Config.Auth",
		"rs://host":               "names no port",
		"rs://host:8081/ws":       "RawSocket has none",
		"rs+unix:run/t.sock":      "names no path",
		"rs+unix://run/t.sock":    "three slashes",
		"unix:///run/t.sock":      `begins with "unix:"`,
		"/run/tidings.sock":       "names no host",
		"http://127.0.0.1:8080:1": "invalid port",
	} {
		_, err := client.ServerURL(address)
		wantText(t, err, says)
	}
}

// answering accepts connections and says the same to all of them.
func answering(t *testing.T, say string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 1))
			conn.Write([]byte(say))
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}

func TestAnErrorOfConnectNamesTheLikelyMistake(t *testing.T) {
	address, stop := serve(t, "127.0.0.1:0")
	defer stop()
	for url, says := range map[string]string{
		"https://" + address:                               "the server does not speak TLS at this port: write http://",
		"http://" + address + "/wss":                       "leave the path out",
		"http://" + address + "/api/v1/nothing":            "leave the path out",
		"rs://" + answering(t, respond("400 Bad Request")): "the port is one of HTTP: write http://",
		"127.0.0.1:1":                                      "no program listens there",
		"127.0.0.1":                                        "try 127.0.0.1:8080",
		answering(t, ""):                                   "a RawSocket has the scheme rs://",
		answering(t, "\x7f\x10\x00\x00"):                   "a RawSocket has the scheme rs://",
		answering(t, respond("302 Found", "Location: /x")): "it redirects to /x",
		answering(t, respond("404 Not Found")):             "is it Tidings?",
		answering(t, respond("426 Upgrade Required")):      "Upgrade and Connection",
		answering(t, respond("502 Bad Gateway")):           "does not reach the server",
		answering(t, respond("400 Bad Request")+tlsWanted): "write https:// instead",
	} {
		_, err := client.Connect(t.Context(), client.Config{URL: url, Auth: client.Key("a key of at least thirty-two characters")})
		wantText(t, err, says)
		if errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

const tlsWanted = "Client sent an HTTP request to an HTTPS server."

func respond(status string, headers ...string) string {
	return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}
