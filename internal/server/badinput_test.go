package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/server"
)

// open admits anonymous clients, so one frame joins.
const open = basic + `
limits: {subscriptions: 3, message_bytes: 4KiB}
topics:
  talk.{room}: {subscribe: "true", publish: "true"}
`

var anonymous = strings.Replace(open, "ttl: 1m}", "ttl: 1m}, anonymous: {role: visitor}", 1)

const hello = `[1,"app",{"roles":{"subscriber":{},"publisher":{},"caller":{}}}]`

// raw is a WebSocket without a client behind it.
type raw struct {
	t    *testing.T
	conn net.Conn
	from io.Reader
}

func (r *running) dial(subprotocol string, header http.Header) (*raw, error) {
	r.t.Helper()
	return r.dialPath("/ws", subprotocol, header)
}

// dialPath is dial with another path or a query.
func (r *running) dialPath(path, subprotocol string, header http.Header) (*raw, error) {
	r.t.Helper()
	dialer := ws.Dialer{Protocols: []string{subprotocol}, Header: ws.HandshakeHeaderHTTP(header)}
	conn, early, _, err := dialer.Dial(r.t.Context(), strings.Replace(r.url, "http", "ws", 1)+path)
	if err != nil {
		return nil, err
	}
	r.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	w := &raw{r.t, conn, conn}
	if early != nil { // what came together with the handshake's answer
		w.from = io.MultiReader(early, conn)
	}
	return w, nil
}

func (w *raw) send(op ws.OpCode, payload []byte) {
	w.t.Helper()
	if err := wsutil.WriteClientMessage(w.conn, op, payload); err != nil {
		w.t.Fatal(err)
	}
}

// receive gives the next message, or how the server closed: "closed with 1002".
func (w *raw) receive() string {
	w.t.Helper()
	text, _, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{w.from, w.conn})
	var closed wsutil.ClosedError
	switch {
	case errors.As(err, &closed):
		return fmt.Sprintf("closed with %d", closed.Code)
	case err != nil:
		w.t.Fatal(err)
	}
	return string(text)
}

func TestBadInputHasADefinedAnswerAndDoesNotAffectOtherClients(t *testing.T) {
	r := start(t, anonymous)
	neighbor := r.join(client.Config{Auth: client.Key(allKey)})
	talk := subscribe(t, neighbor, "talk.general")

	text := func(s string) func(*raw) { return func(w *raw) { w.send(ws.OpText, []byte(s)) } }
	joined := func(s string) func(*raw) {
		return func(w *raw) {
			w.send(ws.OpText, []byte(hello))
			if got := w.receive(); !strings.HasPrefix(got, "[2,") {
				w.t.Errorf("no WELCOME but %s", got)
			}
			w.send(ws.OpText, []byte(s))
		}
	}
	for name, test := range map[string]struct {
		input func(*raw)
		want  string // in the answer
	}{
		"no JSON":                  {text(`hello`), `"wamp.error.protocol_violation"`},
		"half of it":               {text(`[1,"app"`), `"wamp.error.protocol_violation"`},
		"no message":               {text(`[]`), `"wamp.error.protocol_violation"`},
		"an unknown message":       {text(`[999]`), `"wamp.error.protocol_violation"`},
		"a wrong type":             {text(`[1,"app",7]`), `"wamp.error.protocol_violation"`},
		"a known key of odd type":  {text(`[1,"app",{"roles":7}]`), `"wamp.error.protocol_violation"`},
		"another realm":            {text(`[1,"nowhere",{"roles":{"caller":{}}}]`), `"wamp.error.no_such_realm"`},
		"deep nesting":             {text(`[1,"app",{"x":` + strings.Repeat("[", 1500) + strings.Repeat("]", 1500) + `}]`), `"wamp.error.protocol_violation"`},
		"the wrong order":          {text(`[32,1,{},"talk.general"]`), `"wamp.error.protocol_violation"`},
		"a reply before joining":   {text(`[70,1,{}]`), `"wamp.error.protocol_violation"`},
		"joining twice":            {joined(hello), `"wamp.error.protocol_violation"`},
		"a reply to nothing":       {joined(`[70,77,{}]`), `"wamp.error.protocol_violation"`},
		"an odd option":            {joined(`[32,1,{"match":7},"talk.general"]`), `"wamp.error.protocol_violation"`},
		"a bad topic":              {joined(`[32,1,{},"talk general"]`), `"wamp.error.invalid_uri"`},
		"an undeclared topic":      {joined(`[32,1,{},"nothing"]`), `"wamp.error.not_authorized"`},
		"a forged meta event":      {joined(`[16,1,{"acknowledge":true},"wamp.session.on_join",[1]]`), `"wamp.error.`},
		"text that is not UTF-8":   {func(w *raw) { w.send(ws.OpText, []byte("[1,\"a\xff\",{}]")) }, "closed with 1007"},
		"binary where text is due": {func(w *raw) { w.send(ws.OpBinary, []byte(hello)) }, "closed with 1003"},
		"a huge message":           {func(w *raw) { w.send(ws.OpText, []byte(strings.Repeat(" ", 5000))) }, "closed with 1009"},
		"an unmasked frame": {func(w *raw) {
			if err := ws.WriteFrame(w.conn, ws.NewTextFrame([]byte(hello))); err != nil {
				w.t.Fatal(err)
			}
		}, "closed with 1002"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := r.dial("wamp.2.json", nil)
			if err != nil {
				t.Fatal(err)
			}
			w.t = t
			test.input(w)
			if got := w.receive(); !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}

	r.api(allKey, "POST", "publish", map[string]any{"topic": "talk.general", "args": []any{"still here"}}).as(200, nil)
	if got := talk.next(); got != `"still here"` {
		t.Errorf("the neighbor got %s", got)
	}
}

func TestAFloodOfSubscriptionsMeetsALimit(t *testing.T) {
	r := start(t, anonymous)
	c := r.join(client.Config{})
	var err error
	for i := range 4 {
		_, err = c.Subscribe(t.Context(), fmt.Sprintf("talk.%d", i), func(*client.Event) {}, nil)
		if err != nil && i < 3 {
			t.Fatal(err)
		}
	}
	refusedWith(t, err, "tidings.error.limit_exceeded", "3")
}

func TestAPageOfAForeignOriginIsRefusedUnlessConfigured(t *testing.T) {
	r := start(t, anonymous+"origins: ['https://*.example.com']\n")
	for origin, want := range map[string]int{
		"https://evil.example": 403, "https://example.com.evil.example": 403, "null": 403,
		"https://erp.example.com": 0, r.url: 0,
	} {
		_, err := r.dial("wamp.2.json", http.Header{"Origin": {origin}})
		var status ws.StatusError
		if errors.As(err, &status); int(status) != want {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// Behind a trusted proxy the limit applies to the guessing client alone, and /metrics has the same limit.
func TestAnAddressThatGuessesAPIKeysIsSlowedDownAndNoOther(t *testing.T) {
	r := start(t, basic+"limits: {key_failures: 3}\nmetrics: {key_required: true}\ntrusted_proxies: [127.0.0.0/8]\n")
	from := func(address, key, path string) answered {
		request, err := http.NewRequestWithContext(t.Context(), "GET", r.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		request.Header.Set("X-Forwarded-For", address)
		return r.send(request)
	}
	for _, path := range []string{"/metrics", "/api/v1/topics", "/metrics"} {
		from("192.0.2.1", "guess", path).refused(401, "no such API key")
	}
	for _, path := range []string{"/metrics", "/api/v1/topics"} {
		last := from("192.0.2.1", "guess", path)
		last.refused(429, "limits.login_failures")
		if last.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
		from("192.0.2.2", allKey, path).as(200, nil)
	}
}

// The transport says what a request may be before its handshake is read, and that goes for all paths.
func TestAFloodOfHeadersIsCutOff(t *testing.T) {
	r := start(t, basic)
	request, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", strings.Repeat("x", 40<<10))
	r.send(request).as(http.StatusRequestHeaderFieldsTooLarge, nil)
}

// A client of version 1 and one of version 2 talk over the same topic, in both directions.
func TestBothVersionsTalkToEachOther(t *testing.T) {
	r := start(t, anonymous)
	two := r.join(client.Config{})
	heard := subscribe(t, two, "talk.general")
	one, err := r.dial("wamp", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := one.receive(); !strings.HasPrefix(got, "[0,") {
		t.Fatalf("no WELCOME but %s", got)
	}
	one.send(ws.OpText, []byte(`[5,"talk.general"]`))
	one.send(ws.OpText, []byte(`[7,"talk.general",{"from":"one"}]`))
	if got := heard.next(); got != `{"from":"one"}` {
		t.Errorf("version 2 heard %s", got)
	}
	if got := one.receive(); got != `[8,"talk.general",{"from":"one"}]` {
		t.Errorf("version 1 heard itself say %s", got)
	}
	if _, err := two.Publish(t.Context(), "talk.general", client.Kwargs(map[string]any{"from": "two"}), nil); err != nil {
		t.Fatal(err)
	}
	if got := one.receive(); got != `[8,"talk.general",{"from":"two"}]` {
		t.Errorf("version 1 heard %s", got)
	}
}

// slowBody notes until when the body of a request may come.
type slowBody struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (s *slowBody) SetReadDeadline(until time.Time) error {
	s.until = until
	return nil
}

func TestABodyThatNoHandlerReadsDoesNotHoldAConnectionForEver(t *testing.T) {
	r := start(t, basic+"longpoll: true\n", func(s *server.Server) {
		if err := s.Mount("/uploads", http.NotFoundHandler()); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range []struct {
		method, path string
		bounded      bool
	}{
		{"POST", "/api/v1/publish", true}, // without a key
		{"GET", "/api/v1/openapi.json", true},
		{"POST", "/longpoll/none/receive", true},
		{"GET", "/healthz", true},
		{"DELETE", "/healthz", true},
		{"POST", "/ws", true},
		{"POST", "/nowhere", true},
		{"POST", "/uploads", false}, // of the program, which knows better
	} {
		w := &slowBody{ResponseRecorder: httptest.NewRecorder()}
		r.server.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader("x")))
		if w.until.IsZero() == c.bounded || time.Until(w.until) > time.Minute {
			t.Errorf("%s %s: the body may come until %v", c.method, c.path, w.until)
		}
	}
}
