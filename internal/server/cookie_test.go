package server_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// browser keeps the cookie that it is given.
type browser struct {
	*running
	cookie string
	set    string // the header of the last connection
	nc     net.Conn
}

func (b *browser) open() {
	b.t.Helper()
	b.set = ""
	dialer := ws.Dialer{
		Protocols: []string{"wamp.2.json"},
		Header:    ws.HandshakeHeaderHTTP(http.Header{"Cookie": {b.cookie}}),
		OnHeader: func(key, value []byte) error {
			if strings.EqualFold(string(key), "Set-Cookie") {
				b.set = string(value)
				b.cookie, _, _ = strings.Cut(b.set, ";")
			}
			return nil
		},
	}
	nc, _, _, err := dialer.Dial(b.t.Context(), strings.Replace(b.url, "http", "ws", 1)+"/ws")
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	b.nc = nc
}

// says sends a message and expects one that begins with the answer.
func (b *browser) says(message, answer string) {
	b.t.Helper()
	if err := wsutil.WriteClientText(b.nc, []byte(message)); err != nil {
		b.t.Fatal(err)
	}
	got, err := wsutil.ReadServerText(b.nc)
	if err != nil || !strings.HasPrefix(string(got), answer) {
		b.t.Fatalf("%s was answered %s, %v", message, got, err)
	}
}

func (b *browser) hello(method, answer string) {
	b.t.Helper()
	b.says(fmt.Sprintf(`[1,"app",{"roles":{"subscriber":{}},"authmethods":[%q]}]`, method), answer)
}

func TestABrowserIsKnownUntilItLogsOutOrIsKilled(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {insecure: true, same_site: strict}, ", 1))
	b := &browser{running: r}
	b.open()
	for _, want := range []string{"tidings_login=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=28800"} {
		if !strings.Contains(b.set, want) {
			t.Errorf("%q lacks %s", b.set, want)
		}
	}
	b.hello("cookie", "[3,")
	logIn := func() {
		t.Helper()
		b.open()
		b.hello("ticket", "[4,")
		ticket, err := r.ticket("42")(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.says(fmt.Sprintf(`[5,%q,{}]`, ticket), "[2,")
	}
	logIn()
	if b.set != "" {
		t.Errorf("it was given another cookie: %s", b.set)
	}
	b.says(`[6,{},"wamp.close.close_realm"]`, "[6,")
	b.open()
	b.hello("cookie", "[2,")
	b.says(`[6,{},"wamp.close.logout"]`, "[6,")
	b.open()
	b.hello("cookie", "[3,")

	logIn()
	var sessions struct {
		Sessions []struct{ ID uint64 }
	}
	r.api(allKey, "GET", "sessions", nil).as(200, &sessions)
	for _, s := range sessions.Sessions {
		r.api(allKey, "DELETE", fmt.Sprint("sessions/", s.ID), nil)
	}
	b.open()
	b.hello("cookie", "[3,")
}

func TestWithoutTLSThereIsNoCookieUnlessConfigured(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {}, ", 1))
	b := &browser{running: r}
	b.open()
	if b.set != "" {
		t.Errorf("it sets %s", b.set)
	}
}
