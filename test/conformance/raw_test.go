package conformance_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/server"
)

// permissive configures a server that allows every client everything. Only the protocol refuses here.
const permissive = `
listen: 127.0.0.1:0
realm: conformance
auth: {anonymous: {role: guest}}
undeclared: allow
api_keys:
  - {name: tests, key: "a key of at least thirty-two characters", may: ["*"]}
`

// raw is a WebSocket without a WAMP client. It can send messages that no client sends.
type raw struct {
	t    *testing.T
	conn net.Conn
	from io.Reader
	id   uint64 // of its session
}

func dial(t *testing.T, s *server.Server, subprotocol string) *raw {
	t.Helper()
	conn, early, _, err := ws.Dialer{Protocols: []string{subprotocol}}.Dial(t.Context(), "ws://"+s.Addr()+"/ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if early == nil {
		early = bufio.NewReader(conn)
	}
	return &raw{t: t, conn: conn, from: early}
}

const allRoles = `{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}`

// join opens a session, with HELLO.Details.
func join(t *testing.T, s *server.Server, details string) *raw {
	t.Helper()
	r := dial(t, s, "wamp.2.json")
	r.send(`[1,%q,%s]`, realm, details)
	r.id = id(r.expect(`[2,"*","*"]`)[1])
	return r
}

func (r *raw) send(format string, values ...any) {
	r.t.Helper()
	if err := wsutil.WriteClientText(r.conn, fmt.Appendf(nil, format, values...)); err != nil {
		r.t.Fatal(err)
	}
}

// receive returns the next message, or nil if the connection has ended.
func (r *raw) receive() []any {
	r.t.Helper()
	text, _, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{r.from, r.conn})
	if err != nil {
		return nil
	}
	var message []any
	if err := json.Unmarshal(text, &message); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	return message
}

// expect fails the test unless the next message matches a pattern, in which "*" stands for any value.
func (r *raw) expect(pattern string, values ...any) []any {
	r.t.Helper()
	var want []any
	if err := json.Unmarshal(fmt.Appendf(nil, pattern, values...), &want); err != nil {
		r.t.Fatalf("%s: %v", pattern, err)
	}
	got := r.receive()
	if diff := cmp.Diff(any(want), any(got), anything); diff != "" {
		r.t.Fatalf("-want +got\n%s", diff)
	}
	return got
}

var anything = cmp.FilterValues(func(a, b any) bool { return a == any("*") || b == any("*") }, cmp.Ignore())

// quiet fails the test if a message is in flight: the answer to a later request must come next.
func (r *raw) quiet() {
	r.t.Helper()
	const request = 1 << 52
	r.send(`[34,%d,%d]`, request, request)
	r.expect(`[8,34,%d,{},"wamp.error.no_such_subscription","*"]`, request)
}

// violated fails the test unless the session is aborted and the connection ends. It returns the message of ABORT.
func (r *raw) violated() string {
	r.t.Helper()
	message := r.expect(`[3,"*","wamp.error.protocol_violation"]`)
	details, _ := message[1].(map[string]any) // the zero value has no message
	if rest := r.receive(); rest != nil {
		r.t.Errorf("after ABORT came %v", rest)
	}
	return fmt.Sprint(details["message"])
}

// id converts a number of JSON. Ids are small enough to be exact.
func id(v any) uint64 {
	number, _ := v.(float64) // 0 is no id
	return uint64(number)
}

// compare fails the test unless a value matches a pattern.
func compare(t *testing.T, pattern string, got any) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	if diff := cmp.Diff(want, got, anything); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
