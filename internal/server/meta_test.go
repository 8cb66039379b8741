package server_test

import (
	"testing"

	"github.com/tidings-io/tidings/client"
)

func TestOrdinarySessionsLearnNothingAboutOthersFromTheMetaAPI(t *testing.T) {
	r := start(t, shop+"undeclared: allow\n")
	ann := r.user("ann", "", "staff")
	for _, procedure := range []string{
		"wamp.session.list", "wamp.session.kill_all", "wamp.subscription.list", "wamp.subscription.count_subscribers", "wamp.registration.list",
		"wamp.nothing",
	} {
		_, err := ann.Call(t.Context(), procedure, client.Payload{}, nil)
		refusedWith(t, err, "wamp.error.not_authorized", procedure)
	}
	for _, topic := range []string{"wamp.session.on_join", "wamp.subscription.on_create", "wamp.registration.on_create", "wamp.nothing"} {
		_, err := ann.Subscribe(t.Context(), topic, func(*client.Event) {}, nil)
		refusedWith(t, err, "wamp.error.not_authorized", topic)
	}
	for pattern, match := range map[string]client.Match{
		"": client.MatchPrefix, "wam": client.MatchPrefix, "wamp.session.": client.MatchPrefix,
		"..": client.MatchWildcard, "wamp..": client.MatchWildcard, "wamp..on_join": client.MatchWildcard,
	} {
		_, err := ann.Subscribe(t.Context(), pattern, func(*client.Event) {}, &client.SubscribeOptions{Match: match})
		refusedWith(t, err, "wamp.error.not_authorized", pattern)
	}
}

func TestABackendSeesAndEndsSessions(t *testing.T) {
	r := start(t, shop)
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	joined := subscribe(t, backend, "wamp.session.on_join")
	left := subscribe(t, backend, "wamp.session.on_leave")
	r.user("ann", "", "staff")
	var who struct {
		Session          uint64
		AuthID, AuthRole string
	}
	joined.decode(&who)
	if who.AuthID != "ann" || who.AuthRole != "staff" || who.Session == 0 {
		t.Errorf("%+v joined", who)
	}
	r.api(allKey, "POST", "call", map[string]any{"procedure": "wamp.session.kill", "args": []any{who.Session}}).as(200, nil)
	left.next()
	r.api(allKey, "POST", "call", map[string]any{"procedure": "wamp.session.kill", "args": []any{who.Session}}).refused(404, "")
	// A key that may call, but not manage sessions, ends none.
	r.api("publisher-0123456789abcdef", "POST", "call", map[string]any{"procedure": "wamp.session.kill_all"}).refused(403, "")
}

func TestTheMetaAPICanBeOpenedToARole(t *testing.T) {
	r := start(t, shop+"meta: {read: '\"staff\" in identity.roles', kill: \"false\"}\n")
	ann := r.user("ann", "", "staff")
	if _, err := ann.Subscribe(t.Context(), "wamp.session.", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchPrefix}); err != nil {
		t.Error(err)
	}
	if _, err := ann.Call(t.Context(), "wamp.session.count", client.Payload{}, nil); err != nil {
		t.Error(err)
	}
	_, err := ann.Call(t.Context(), "wamp.session.kill_all", client.Payload{}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "kill_all")
}
