package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/server"
)

// staffed has a topic for staff, and one for all.
const staffed = basic + `
topics:
  staff.news: {subscribe: '"staff" in identity.roles', publish: backend}
  news: {subscribe: "true"}
`

// granted asks the API for a ticket.
func (r *running) granted(grant map[string]any) string {
	r.t.Helper()
	var answer struct{ Ticket string }
	r.api(allKey, "POST", "tickets", grant).as(201, &answer)
	return answer.Ticket
}

func refusedCall(t *testing.T, c *client.Client, ticket, uri, says string) {
	t.Helper()
	_, err := c.Call(t.Context(), "tidings.session.renew", client.Args(ticket), nil)
	refusedWith(t, err, uri, says)
}

func TestASessionIsRenewedOverEveryTransportAndSerialization(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	r := start(t, staffed+"rawsocket:\n  - listen: tcp://127.0.0.1:0\n  - listen: unix://"+socket+"\n")
	for transport, url := range map[string]string{
		"WebSocket": r.url, "RawSocket": "rs://" + r.server.RawSocketAddrs()[0].String(), "Unix socket": "rs+unix://" + socket,
	} {
		for _, s := range []client.Serialization{client.JSON, client.MessagePack, client.CBOR, client.UBJSON} {
			t.Run(transport+" "+s.String(), func(t *testing.T) {
				used := r.granted(map[string]any{"user": "ann", "tenant": "acme", "roles": []string{"staff"}, "session": "1h"})
				c, err := client.Connect(t.Context(), client.Config{
					URL: url, Auth: client.Ticket(once(used)), Serialization: s, Reconnect: client.Reconnect{Off: true},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if left := c.Session().Details["_session_ends_in"]; left != int64(3600) {
					t.Errorf("WELCOME says that it ends in %v (%T)", left, left)
				}
				staff, err := c.Subscribe(t.Context(), "staff.news", func(*client.Event) {}, nil)
				if err != nil {
					t.Fatal(err)
				}
				all, err := c.Subscribe(t.Context(), "news", func(*client.Event) {}, nil)
				if err != nil {
					t.Fatal(err)
				}
				refusedCall(t, c, used, "wamp.error.authentication_denied", "used before")
				refusedCall(t, c, "nonsense", "wamp.error.authentication_denied", "no valid ticket")
				other := r.granted(map[string]any{"user": "ben", "tenant": "acme"})
				refusedCall(t, c, other, "wamp.error.authentication_denied", `the ticket is for the user "ben" of the tenant "acme", and the session is that of the user "ann"`)
				refusedCall(t, c, r.granted(map[string]any{"user": "ann"}), "wamp.error.authentication_denied", "session goes on")
				if r.join(client.Config{Auth: client.Ticket(once(other))}).Session().AuthID != "ben" {
					t.Error("the ticket of another user was used up")
				}
				result, err := c.Call(t.Context(), "tidings.session.renew",
					client.Args(r.granted(map[string]any{"user": "ann", "tenant": "acme", "roles": []string{"guest"}, "session": "30m"})), nil)
				if err != nil || result.Kwargs["ends_in"] != int64(1800) || result.Kwargs["authrole"] != "guest" {
					t.Errorf("the renewal was answered %v, %v", result, err)
				}
				wait(t, staff.Done(), "the end of the subscription")
				var why *client.Error
				if !errors.As(staff.Err(), &why) || why.URI != "wamp.error.not_authorized" || !strings.Contains(why.Message, "staff.news") {
					t.Errorf("the subscription ended with %v", staff.Err())
				}
				if err := all.Err(); err != nil {
					t.Errorf("the other subscription ended with %v", err)
				}
			})
		}
	}
}

func TestTheGoClientRenewsItsSessionByItself(t *testing.T) {
	r := start(t, staffed)
	var given atomic.Int64
	renewing := make(chan struct{})
	c := r.join(client.Config{Auth: client.Ticket(func(context.Context) (string, error) {
		grant := map[string]any{"user": "ann", "roles": []string{"staff"}, "session": "2s"}
		if given.Add(1) > 1 {
			delete(grant, "session")
			close(renewing)
		}
		return r.granted(grant), nil
	})})
	session := c.Session().ID
	held := subscribe(t, c, "staff.news")
	wait(t, renewing, "the renewal")
	for s := r.server.Sessions()[0]; !s.Identity().Expires.IsZero(); { // until the renewal, or the end of the session
		if s.Reason() != outbox.CloseNone {
			t.Fatalf("the session ended by %s", s.Reason())
		}
		runtime.Gosched()
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "staff.news", "args": []any{"still here"}}).as(200, nil)
	if got := held.next(); got != `"still here"` || c.Session().ID != session || given.Load() != 2 {
		t.Errorf("after %d tickets the session is %d, not %d, and got %s", given.Load(), c.Session().ID, session, got)
	}
}

func TestAVersion1SessionIsRenewedAndToldOfItsEnd(t *testing.T) {
	r := start(t, staffed)
	ticket := r.granted(map[string]any{"user": "ann", "roles": []string{"staff"}, "session": "1h"})
	one := r.dialTicket("wamp", ticket)
	if got := one.receive(); !strings.HasPrefix(got, "[0,") {
		t.Fatalf("no WELCOME but %s", got)
	}
	calls := func(message, want string) {
		t.Helper()
		one.send(ws.OpText, []byte(message))
		if got := one.receive(); !strings.HasPrefix(got, want) {
			t.Errorf("%s was answered %s, not %s", message, got, want)
		}
	}
	calls(`[2,"a","tidings.session.lifetime"]`, `[3,"a",{"authextra":`)
	one.send(ws.OpText, []byte(`[5,"staff.news"]`))
	one.send(ws.OpText, []byte(`[5,"tidings.session.revoked"]`))
	calls(`[2,"b","tidings.session.renew","`+ticket+`"]`, `[4,"b","wamp.error.authentication_denied","the ticket was used before`)
	short := r.granted(map[string]any{"user": "ann", "roles": []string{"guest"}, "session": "2s"})
	calls(`[2,"c","tidings.session.renew","`+short+`"]`, `[8,"tidings.session.revoked",{"kind":"subscription"`)
	answer := one.receive()
	var renewed []json.RawMessage
	var details struct {
		EndsIn int64 `json:"ends_in"`
	}
	if err := json.Unmarshal([]byte(answer), &renewed); err != nil || len(renewed) != 3 || json.Unmarshal(renewed[2], &details) != nil || details.EndsIn != 2 {
		t.Errorf("the renewal was answered %s", answer)
	}
	if got := one.receive(); got != "closed with 1008" {
		t.Errorf("at its end the session was told %s", got)
	}
	if status := r.upgradeStatus(short); status != http.StatusUnauthorized {
		t.Errorf("after its end the ticket was answered %d", status)
	}
}

func TestASessionIsRenewedOverLongPollAndToldOfItsEnd(t *testing.T) {
	r := start(t, staffed+"longpoll: true\n")
	var opened struct{ Transport string }
	r.request("", http.MethodPost, "/longpoll/open", []byte(`{"protocols":["wamp.2.json"]}`)).as(200, &opened)
	path := "/longpoll/" + opened.Transport
	receive := func(want string) {
		t.Helper()
		var message json.RawMessage
		if r.request("", http.MethodPost, path+"/receive", nil).as(200, &message); !strings.Contains(string(message), want) {
			t.Fatalf("got %s, without %s", message, want)
		}
	}
	first := r.granted(map[string]any{"user": "ann", "session": "1h"})
	second := r.granted(map[string]any{"user": "ann", "session": "2s"})
	for _, step := range []struct{ send, receive string }{
		{`[1,"app",{"roles":{"caller":{}},"authmethods":["ticket"]}]`, `[4,`},
		{`[5,"` + first + `",{}]`, `"_session_ends_in":3600`},
		{`[48,1,{},"tidings.session.renew",["` + second + `"]]`, `"ends_in":2`},
	} {
		r.request("", http.MethodPost, path+"/send", []byte(step.send)).as(http.StatusNoContent, nil)
		receive(step.receive)
	}
	receive(`"tidings.close.identity_expired"`) // although the client has not announced that it comes again
}

// dialTicket opens a WebSocket with a ticket in the address.
func (r *running) dialTicket(subprotocol, ticket string) *raw {
	r.t.Helper()
	w, err := r.dialPath("/ws?ticket="+ticket, subprotocol, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

func (r *running) upgradeStatus(ticket string) int {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), "GET", r.url+"/ws?ticket="+ticket, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "wamp",
	} {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestTheEndOfASessionIsListedAndTold(t *testing.T) {
	r := start(t, basic)
	var changes atomic.Pointer[client.Error]
	closed := make(chan struct{})
	c := r.join(client.Config{
		Auth: client.Ticket(once(sign(t, secret, claims(jwt.MapClaims{"session": 2})))),
		OnState: func(change client.StateChange) {
			var why *client.Error
			if errors.As(change.Err, &why) {
				changes.Store(why)
			}
			if change.State == client.Closed {
				close(closed)
			}
		},
	})
	var listed struct {
		Sessions []struct {
			User         string
			Joined, Ends time.Time
		}
	}
	r.api(allKey, "GET", "sessions?user=ann", nil).as(200, &listed)
	if len(listed.Sessions) != 1 || listed.Sessions[0].Ends.Sub(listed.Sessions[0].Joined).Round(time.Second) != 2*time.Second {
		t.Errorf("listed as %+v", listed)
	}
	wait(t, closed, "the end of the session")
	if why := changes.Load(); why == nil || why.URI != "tidings.close.identity_expired" || !strings.Contains(why.Message, "log in again") {
		t.Errorf("it was told %v", why)
	}
	if err := c.Err(); err == nil {
		t.Error("the client knows no reason")
	}
}

func TestAnInvalidationTakesAwayOnlyWhatIsNoLongerAllowed(t *testing.T) {
	var barred atomic.Pointer[string]
	r := start(t, doorWith(""), func(s *server.Server) {
		if err := s.Handle("door.{name:slug}", hook.Functions{Subscribe: func(_ context.Context, q *hook.Query) error {
			if bar := barred.Load(); bar != nil && *bar == q.Params["name"] {
				return hook.Refused("the door is barred for " + q.Identity.ID)
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
	})
	join := func(user, tenant string, roles ...string) map[string]*client.Subscription {
		c := r.join(client.Config{Auth: client.Ticket(once(r.granted(map[string]any{"user": user, "tenant": tenant, "roles": roles})))})
		held := map[string]*client.Subscription{}
		for _, name := range []string{"front", "back"} {
			s, err := c.Subscribe(t.Context(), "door."+name, func(*client.Event) {}, nil)
			if err != nil {
				t.Fatal(err)
			}
			held[name] = s
		}
		return held
	}
	ann, ben := join("ann", "acme", "staff"), join("ben", "acme", "guest", "staff")
	cid, dan := join("cid", "globex", "staff"), join("dan", "globex", "guest")
	back := "back"
	barred.Store(&back)
	for _, step := range []struct {
		selected map[string]string
		want     string
	}{
		{map[string]string{"user": "nobody"}, `{"sessions":0,"kept":0,"revoked":0,"undecided":0}`},
		{map[string]string{"user": "ann"}, `{"sessions":1,"kept":1,"revoked":1,"undecided":0}`},
		{map[string]string{"role": "staff", "tenant": "acme"}, `{"sessions":2,"kept":2,"revoked":1,"undecided":0}`},
		{map[string]string{"tenant": "globex", "role": "staff"}, `{"sessions":1,"kept":1,"revoked":1,"undecided":0}`},
	} {
		var answer json.RawMessage
		r.api(allKey, "POST", "invalidate", step.selected).as(200, &answer)
		if string(answer) != step.want {
			t.Errorf("%v was answered %s, not %s", step.selected, answer, step.want)
		}
	}
	for name, held := range map[string]map[string]*client.Subscription{"ann": ann, "ben": ben, "cid": cid} {
		wait(t, held["back"].Done(), "the end of the subscription of "+name)
		var why *client.Error
		if !errors.As(held["back"].Err(), &why) || why.Message != "the door is barred for "+name {
			t.Errorf("the subscription of %s ended with %v", name, held["back"].Err())
		}
		if err := held["front"].Err(); err != nil {
			t.Errorf("the other subscription of %s ended with %v", name, err)
		}
	}
	if err := dan["back"].Err(); err != nil {
		t.Errorf("a session that was not selected lost its subscription: %v", err)
	}
	r.api("issuer-0123456789abcdef", "POST", "invalidate", map[string]string{"user": "ann"}).refused(403, `"sessions"`)
	r.api(allKey, "POST", "invalidate", map[string]string{}).refused(422, "name a user, a role or a tenant")
}

func TestAPageIsKnownAfterItCameBackByAnyLogin(t *testing.T) {
	r := start(t, strings.Replace(basic, "ttl: 1m}", "ttl: 1m}, anonymous: {role: visitor}", 1))
	pages := func() (all []publication.Page) {
		for _, s := range r.server.Sessions() {
			all = append(all, s.Receiver().Page())
		}
		return all
	}
	for name, login := range map[string]func() client.Authenticator{
		"ticket":  func() client.Authenticator { return client.Ticket(r.ticket("ann")) },
		"API key": func() client.Authenticator { return client.Key(allKey) },
	} {
		var seen []publication.Page
		for range 2 {
			c := r.join(client.Config{Auth: login(), Tab: "tab1"})
			seen = append(seen, pages()...)
			if err := c.Close(); err != nil { // after it the session has left
				t.Fatal(err)
			}
		}
		if len(seen) != 2 || !seen[0].Known() || seen[0] != seen[1] {
			t.Errorf("%s: the pages are %+v", name, seen)
		}
	}
	r.join(client.Config{Tab: "tab1"})
	r.join(client.Config{Tab: "tab1"})
	if seen := pages(); len(seen) != 2 || seen[0] == seen[1] {
		t.Errorf("two visitors are one page: %+v", seen)
	}
}
