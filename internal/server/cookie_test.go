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

// taken logs the user 42 in by a ticket and closes the page, so that only the cookie is left.
func (b *browser) taken(user string) {
	b.t.Helper()
	b.open()
	b.hello("ticket", "[4,")
	ticket, err := b.ticket(user)(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	b.says(fmt.Sprintf(`[5,%q,{}]`, ticket), "[2,")
	b.says(`[6,{},"wamp.close.close_realm"]`, "[6,")
}

func TestALoginByCookieIsTakenBackWithoutAnOpenPage(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {insecure: true}, ", 1))
	for name, takeBack := range map[string]func(){
		"over HTTP": func() {
			var answer struct{ Logins, Sessions int }
			r.api(allKey, "DELETE", "logins?user=42", nil).as(200, &answer)
			if answer.Logins != 2 || answer.Sessions != 1 {
				t.Errorf("it has ended %+v", answer)
			}
		},
		"by id, over WAMP": func() {
			r.api(allKey, "POST", "call", object{
				"procedure": "wamp.session.kill_by_authid", "args": []any{"42"}, "kwargs": object{"reason": "wamp.close.logout"},
			}).as(200, nil)
		},
	} {
		gone, open, other := &browser{running: r}, &browser{running: r}, &browser{running: r}
		gone.open()
		gone.taken("42")
		open.open()
		open.taken("42")
		open.open()
		open.hello("cookie", "[2,")
		other.open()
		other.taken("43")
		takeBack()
		for _, b := range []*browser{gone, open} {
			b.open()
			b.hello("cookie", "[3,")
		}
		other.open()
		other.hello("cookie", "[2,")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	r.api("issuer-0123456789abcdef", "DELETE", "logins?user=43", nil).refused(403, `"sessions"`)
	r.api(allKey, "DELETE", "logins", nil).refused(422, "user")
}

func TestASessionThatJoinsAfterItsLoginWasTakenBackIsEnded(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {insecure: true}, ", 1))
	b := &browser{running: r}
	b.open()
	b.taken("42")
	b.open()
	b.hello("cookie", "[2,")
	for _, session := range r.server.Sessions() {
		r.server.JoinLate(session)
	}
	if got, err := wsutil.ReadServerText(b.nc); err != nil || !strings.Contains(string(got), "wamp.close.killed") {
		t.Errorf("it got %s, %v", got, err)
	}
}

func TestAKillWithoutTheReasonLogoutLeavesOtherBrowsersLoggedIn(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {insecure: true}, ", 1))
	b := &browser{running: r}
	b.open()
	b.taken("42")
	r.api(allKey, "POST", "call", object{"procedure": "wamp.session.kill_by_authid", "args": []any{"42"}}).as(200, nil)
	b.open()
	b.hello("cookie", "[2,")
}

func TestWithoutTLSThereIsNoCookieUnlessConfigured(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {cookie: {}, ", 1))
	b := &browser{running: r}
	b.open()
	if b.set != "" {
		t.Errorf("it sets %s", b.set)
	}
}
