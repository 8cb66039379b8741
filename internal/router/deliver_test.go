package router_test

import (
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// relayed is a publication as it comes from another node.
func relayed(t *testing.T, n int) *publication.Entry {
	return &publication.Entry{
		Topic: "t.a", Publication: wamp.ID(1000 + n), At: time.Now(), Payload: args(t, n), Publisher: 77,
		Details: wamp.Dict{"publisher": int64(77), "publisher_authid": "ann", "publisher_authrole": "staff", "trustlevel": int64(3)},
	}
}

func TestAPublicationOfAnotherNodeKeepsItsIdAndItsDetails(t *testing.T) {
	r := router.New(router.Options{Journal: inMemory, Retention: keepHistory})
	realm := r.AddRealm("app")
	exact, prefix := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2CBOR)
	exact.say(&wamp.Subscribe{Request: 1, Topic: "t.a"})
	prefix.say(&wamp.Subscribe{Request: 1, Topic: "t.", Options: wamp.Dict{"match": "prefix"}})
	_, err := realm.Subscribe("t.a", wamp.MatchExact, func(router.LocalEvent) { t.Error("a component got it") })
	if err != nil {
		t.Fatal(err)
	}
	if n := realm.Deliver(relayed(t, 1)); n != 2 {
		t.Errorf("%d events", n)
	}
	for _, m := range []*member{exact, prefix} {
		m.listen()
		event, ok := m.heard[len(m.heard)-1].(*wamp.Event)
		if !ok || event.Publication != 1001 || ints(t, event.Payload)[0] != 1 {
			t.Fatalf("a subscriber heard %+v", m.heard)
		}
		id, _ := event.Details.ID("publisher")
		authID, _ := event.Details.String("publisher_authid")
		role, _ := event.Details.String("publisher_authrole")
		level, _ := event.Details.Int("trustlevel")
		topic, given := event.Details.String("topic")
		if id != 77 || authID != "ann" || role != "staff" || level != 3 || given != (m == prefix) || given && topic != "t.a" {
			t.Errorf("the details are %v", event.Details)
		}
	}
	if kept := history(t, realm, "t.a"); kept != nil {
		t.Errorf("it is kept: %v", kept)
	}
}

func TestReceiversOfAPublicationOfAnotherNodeAreNarrowed(t *testing.T) {
	r := router.New(router.Options{Authenticator: scriptAuthenticator{}})
	realm := r.AddRealm("app")
	join := func(authID, role string) *member {
		m := &member{t: t, encoding: wamp.V2JSON}
		m.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON}})
		m.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{
			"roles": wamp.Dict{"subscriber": wamp.Dict{}}, "authid": authID, "authrole": role,
		}})
		m.say(&wamp.Subscribe{Request: 1, Topic: "t.a"})
		return m
	}
	ann, ben := join("ann", "staff"), join("ben", "user")
	id := func(m *member) wamp.ID { return m.client.Session().ID() }
	for name, test := range map[string]struct {
		change func(*publication.Entry)
		ben    bool // ann always gets it
	}{
		"for all":            {func(*publication.Entry) {}, true},
		"not by session":     {func(e *publication.Entry) { e.Filter.Exclude = []wamp.ID{id(ben)} }, false},
		"by session":         {func(e *publication.Entry) { e.Filter.Eligible = []wamp.ID{id(ann)} }, false},
		"not by user":        {func(e *publication.Entry) { e.Filter.ExcludeAuthID = []string{"ben"} }, false},
		"by user":            {func(e *publication.Entry) { e.Filter.EligibleAuthID = []string{"ann", "ben"} }, true},
		"not by role":        {func(e *publication.Entry) { e.Filter.ExcludeAuthRole = []string{"user"} }, false},
		"by role":            {func(e *publication.Entry) { e.Filter.EligibleAuthRole = []string{"staff"} }, false},
		"published from ben": {func(e *publication.Entry) { e.Publisher = id(ben) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := relayed(t, 1)
			test.change(e)
			want := 1
			if test.ben {
				want = 2
			}
			n := realm.Deliver(e)
			if toAnn, toBen := len(ann.events()) > 0, len(ben.events()) > 0; n != want || !toAnn || toBen != test.ben {
				t.Errorf("%d events, to ann: %t, to ben: %t", n, toAnn, toBen)
			}
		})
	}
}
