package router_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// changeLog records the calls of a change observer.
type changeLog struct {
	router.NoObserver
	lines []string
}

func (l *changeLog) Left(*router.Session) { l.lines = append(l.lines, "Left") }

func (l *changeLog) Changed(c router.Change) {
	line := ""
	switch c.Kind {
	case router.ChangeJoined:
		line = "joined"
	case router.ChangeLeft:
		line = "left"
	case router.ChangeSubscribed:
		line = fmt.Sprintf("subscribed to %s, which %d hold", c.Subscription.Topic, c.Holders)
	case router.ChangeUnsubscribed:
		line = fmt.Sprintf("unsubscribed from %s, which %d hold", c.Subscription.Topic, c.Holders)
	case router.ChangeRegistered:
		line = fmt.Sprintf("registered %s, which %d hold", c.Registration.Procedure, c.Holders)
	case router.ChangeUnregistered:
		line = fmt.Sprintf("unregistered %s, which %d hold", c.Registration.Procedure, c.Holders)
	}
	l.lines = append(l.lines, line)
}

func (l *changeLog) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.lines, want) {
		t.Errorf("told %q, want %q", l.lines, want)
	}
	l.lines = nil
}

// observed returns a realm with a change observer, and listen, which makes a local subscriber listen below wamp.
func observed(t *testing.T) (r *router.Router, log *changeLog, listen func() (cancel func())) {
	r = router.New(router.Options{})
	realm := r.AddRealm("app")
	log = &changeLog{}
	realm.Observe(log)
	return r, log, func() func() {
		cancel, err := realm.Subscribe("wamp.", wamp.MatchPrefix, func(router.LocalEvent) {})
		if err != nil {
			t.Fatal(err)
		}
		return cancel
	}
}

func TestChangesHaveTheNumberOfHolders(t *testing.T) {
	r, log, listen := observed(t)
	listen()
	ann, ben := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2JSON)
	log.expect(t, "joined", "joined")
	ann.say(&wamp.Subscribe{Request: 1, Topic: "t"})
	ben.say(&wamp.Subscribe{Request: 1, Topic: "t"})
	ben.say(&wamp.Register{Request: 2, Procedure: "p"})
	log.expect(t, "subscribed to t, which 1 hold", "subscribed to t, which 2 hold", "registered p, which 1 hold")
	ann.say(&wamp.Unsubscribe{Request: 2, Subscription: 1})
	log.expect(t) // subscription 1 is that of the local subscriber
	ann.say(&wamp.Unsubscribe{Request: 3, Subscription: 2})
	log.expect(t, "unsubscribed from t, which 1 hold")
	ben.client.Detach(outbox.CloseLost)
	log.expect(t, "Left", "unsubscribed from t, which 0 hold", "unregistered p, which 0 hold", "left")
}

func TestChangesWithoutAListenerAreNotReported(t *testing.T) {
	r, log, listen := observed(t)
	ann := enter(t, r, wamp.V2JSON)
	ann.say(&wamp.Subscribe{Request: 1, Topic: "t"})
	cancel := listen()
	cancel()
	ann.say(&wamp.Subscribe{Request: 2, Topic: "u"})
	log.expect(t)
	listen()
	ann.client.Session().Silence()
	ann.client.Detach(outbox.CloseLost)
	log.expect(t, "Left")
}

func TestAHiddenProcedureIsCallableButNotListed(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	hidden := router.LocalProcedure{Procedure: "hidden", Hidden: true, Handler: (&script{t: t}).handle}
	cancel, err := realm.Register(hidden)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := realm.Register(hidden); err == nil {
		t.Error("it was registered twice")
	}
	if _, err := realm.Call(t.Context(), router.CallRequest{Procedure: "hidden"}); err != nil {
		t.Error(err)
	}
	if all, n := realm.Registrations(), r.Stats().Registrations; len(all) != 0 || n != 0 {
		t.Errorf("listed: %+v, counted: %d", all, n)
	}
	shown := hidden
	shown.Procedure, shown.Hidden = "shown", false
	if _, err := realm.Register(shown); err != nil {
		t.Fatal(err)
	}
	cancel()
	cancel()
	if all, n := realm.Registrations(), r.Stats().Registrations; len(all) != 1 || all[0].ID != 1 || n != 1 {
		t.Errorf("listed: %+v, counted: %d", all, n)
	}
}

func TestWelcomeHasTheFeaturesThatComponentsAnnounce(t *testing.T) {
	r := router.New(router.Options{})
	other, realm := r.AddRealm("other"), r.AddRealm("app")
	realm.Announce("broker", "shiny")
	realm.Announce("broker", "round")
	for _, c := range []struct {
		realm *router.Realm
		want  bool
	}{{other, false}, {realm, true}} {
		m := &member{t: t, encoding: wamp.V2JSON, client: r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON}})}
		m.say(&wamp.Hello{Realm: c.realm.Name(), Details: wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}}}})
		m.listen()
		roles, _ := m.heard[0].(*wamp.Welcome).Details.Dict("roles")
		broker, _ := roles.Dict("broker")
		features, _ := broker.Dict("features")
		_, shiny := features["shiny"]
		_, round := features["round"]
		if _, before := features["publisher_exclusion"]; shiny != c.want || round != c.want || !before {
			t.Errorf("%s announces %v", c.realm.Name(), features)
		}
	}
}
