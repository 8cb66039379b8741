package backends_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	wamp "github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/hook"
)

// asker returns what a page asks for a ticket.
func asker(t *testing.T, c *client, user string) func() string {
	return func() string {
		var ticket string
		c.succeed(t, "ticket", with{"user": user, "name": "Ann Ábel 🐙"}, &ticket)
		return ticket
	}
}

func TestATicketNamesTheUserAndIsAcceptedOnce(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		tickets, err := auth.NewTickets(auth.TicketOptions{Secrets: []string{secret}, ReplayGuard: &spent{}})
		if err != nil {
			t.Fatal(err)
		}
		c.succeed(t, "new", with{"url": "http://127.0.0.1:1", "secret": secret}, nil)
		about := with{
			"user": "ann@example.com", "name": "Ann Ábel 🐙", "roles": []string{"staff", "sales"}, "tenant": "acme",
			"claims": with{"level": 3}, "session": 1800,
		}
		var ticket string
		c.succeed(t, "ticket", about, &ticket)
		identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		got := []any{identity.ID, identity.Name, identity.Roles, identity.Tenant, identity.Claims["level"]}
		want := []any{"ann@example.com", "Ann Ábel 🐙", []string{"staff", "sales"}, "acme", int64(3)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if _, err := tickets.Redeem(t.Context(), ticket, netip.Addr{}); err == nil {
			t.Error("accepted the same ticket twice")
		}
		for name, about := range map[string]with{
			"only a user": {"user": "42"}, "no claims": {"user": "42", "claims": with{}, "roles": []string{}},
		} {
			c.succeed(t, "ticket", about, &ticket)
			if _, err := tickets.Redeem(t.Context(), ticket, netip.Addr{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		c.thrown(t, "ticket", with{"user": ""}).says(t, "the id of a user")
	})
}

func TestPagesAreToldWhatABackendSays(t *testing.T) {
	s := serve(t)
	inEveryLanguage(t, func(t *testing.T, c *client) {
		user := c.language + "@example.com" // each language has pages, topics and records of its own
		s.connect(t, c, nil)                // without the secret: the server issues the tickets
		var topic string
		c.succeed(t, "topic", with{"contract": "user.{user}.flash", "params": with{"user": user}}, &topic)
		page := s.open(t, asker(t, c, user), topic)
		if page.Session().AuthID != user {
			t.Errorf("the session is that of %q", page.Session().AuthID)
		}

		var receipt struct{ Deliveries int }
		c.succeed(t, "flash", with{"user": user, "text": "Grüße, 東京 🐙 \"</script>", "level": "warning"}, &receipt)
		if diff := cmp.Diff(map[string]any{"level": "warning", "text": "Grüße, 東京 🐙 \"</script>"}, page.next(t)); diff != "" || receipt.Deliveries != 1 {
			t.Errorf("%d deliveries (-want +got)\n%s", receipt.Deliveries, diff)
		}
		c.succeed(t, "flash", with{"user": user, "text": "ü🐙", "cut": true}, nil)
		if text, _ := page.next(t)["text"].(string); !strings.Contains(text, "\ufffd") {
			t.Errorf("half of a character came as %q", text)
		}
		s.pricesOf(t, c)
		s.changesOf(t, c)
	})
}

// pricesOf publishes payloads that are easily lost.
func (s *server) pricesOf(t *testing.T, c *client) {
	t.Helper()
	topic := "price." + c.language
	page := s.open(t, asker(t, c, "42"), topic)
	big := strings.Repeat("x", 600_000)
	for _, kwargs := range []map[string]any{{"amount": 12.5, "list": []any{}, "nested": map[string]any{"a": "b"}}, {"big": big}} {
		c.succeed(t, "publish", with{"topic": topic, "kwargs": kwargs}, nil)
		if diff := cmp.Diff(kwargs, page.next(t)); diff != "" {
			t.Errorf("(-want +got)\n%.500s", diff)
		}
	}
	c.succeed(t, "publish", with{"topic": topic, "args": []any{}, "kwargs": with{}}, nil) // PHP's empty map is a list
	if got := page.next(t); len(got) != 0 {
		t.Errorf("an empty payload came as %v", got)
	}
	for range 2 {
		c.succeed(t, "publish", with{"topic": topic, "kwargs": with{"n": 1}, "idempotency_key": "a-retry-" + c.language}, nil)
	}
	c.succeed(t, "publish", with{"topic": topic, "kwargs": with{"n": 2}}, nil)
	if first, second := page.next(t), page.next(t); first["n"] != float64(1) || second["n"] != float64(2) {
		t.Errorf("want one event for the two of one key: %v, %v", first, second)
	}
}

// changesOf reports changes, enters a record, and turns maintenance on and off.
func (s *server) changesOf(t *testing.T, c *client) {
	t.Helper()
	record := "order." + c.language + "@1"
	page := s.open(t, asker(t, c, "42"), "tidings.content."+record)
	var changed struct{ Notified int }
	for range 2 {
		c.succeed(t, "changed", with{
			"tags": []string{record}, "author": with{"id": "7", "name": "Ben Ökafor"}, "version": "8",
			"fields": []string{"status"}, "idempotency_key": "a-change-" + c.language,
		}, &changed)
	}
	if changed.Notified != 0 {
		t.Errorf("the retry told %d pages", changed.Notified)
	}
	event := page.next(t)
	if diff := cmp.Diff([]any{map[string]any{"id": "7", "name": "Ben Ökafor"}, "8", []any{"status"}}, []any{event["author"], event["version"], event["fields"]}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.succeed(t, "changed", with{"tags": []string{record}}, &changed)
	if event := page.next(t); event["author"] != nil || changed.Notified != 1 {
		t.Errorf("want the next change, which told one page: %v, %d", event, changed.Notified)
	}

	if _, err := page.Call(t.Context(), "tidings.presence.enter", wamp.Kwargs(map[string]any{"record": record, "mode": "edit"}), nil); err != nil {
		t.Fatal(err)
	}
	var there struct {
		Count  int
		People []struct{ ID, Name, Mode string }
	}
	c.succeed(t, "presence", with{"record": record}, &there)
	if there.Count != 1 || there.People[0].ID != "42" || there.People[0].Mode != "edit" {
		t.Errorf("the people at the record: %+v", there)
	}
}

func TestMaintenanceIsTurnedOnAndOff(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		s := serve(t) // its state is that of the whole site
		s.connect(t, c, nil)
		var state struct {
			On        bool
			Message   string
			Operators []string
		}
		c.succeed(t, "maintenance_on", with{"message": "Back at 14:00", "operators": []string{"42"}}, &state)
		c.succeed(t, "maintenance", nil, &state)
		if !state.On || state.Message != "Back at 14:00" || len(state.Operators) != 1 {
			t.Errorf("%+v", state)
		}
		c.succeed(t, "maintenance_on", with{"message": "Later"}, &state) // no operators
		c.succeed(t, "maintenance_off", nil, &state)
		if state.On {
			t.Error("it is on")
		}
	})
}

func TestTheSignatureOfAWebhookIsVerified(t *testing.T) {
	const body = `{"action":"subscribe","topic":"order.ü"}`
	now := hook.Sign(secret, time.Now(), []byte(body))
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for name, test := range map[string]struct {
			body, signature, secret string
			want                    bool
		}{
			"as it was sent":      {body, now, secret, true},
			"another body":        {body + " ", now, secret, false},
			"another secret":      {body, now, secret + ".", false},
			"no secret":           {body, hook.Sign("", time.Now(), []byte(body)), "", false},
			"recorded":            {body, hook.Sign(secret, time.Now().Add(-time.Hour), []byte(body)), secret, false},
			"of the future":       {body, hook.Sign(secret, time.Now().Add(time.Hour), []byte(body)), secret, false},
			"another time":        {body, "t=2" + now[len("t=1"):], secret, false},
			"no signature":        {body, "", secret, false},
			"not a signature":     {body, "t=,v1=", secret, false},
			"only a time":         {body, now[:strings.Index(now, ",")], secret, false},
			"something behind it": {body, now + "0", secret, false},
		} {
			var valid bool
			c.succeed(t, "verify", with{"body": test.body, "signature": test.signature, "secret": test.secret}, &valid)
			if valid != test.want {
				t.Errorf("%s: %t", name, valid)
			}
		}
	})
}

func TestIdsWithSeparatorsAreOneParameter(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for id, want := range map[string]string{
			"42": "user.42.flash", "ann@example.com": "user.ann@example%2Ecom.flash", "a/b#c d%": "user.a%2Fb%23c%20d%25.flash",
			"Jürgen": "user.Jürgen.flash", "a\nb": "user.a%0Ab.flash", "日本\u3000{x}*?&=+~:!$": "user.日本%E3%80%80{x}*?&=+~:!$.flash",
		} {
			var topic string
			c.succeed(t, "topic", with{"contract": "user.{user:[a-z]{2}.+}.flash", "params": with{"user": id}}, &topic)
			if topic != want {
				t.Errorf("%q: %s", id, topic)
			}
		}
	})
}
