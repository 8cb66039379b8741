package oro

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// storedValue is one value of a store.
type storedValue struct {
	value   []byte
	version uint64
}

func (v *storedValue) Load(context.Context) ([]byte, uint64, error) { return v.value, v.version, nil }

func (v *storedValue) Save(_ context.Context, value []byte, version uint64) (uint64, bool, error) {
	if version != v.version {
		return v.version, false, nil
	}
	v.value = value
	v.version++
	return v.version, true, nil
}

func (*storedValue) Watch(context.Context, func([]byte, uint64)) error { return nil }

// onlyOrders lets users know the tags of orders; admins know all.
type onlyOrders struct{ asked int }

func (*onlyOrders) Declares(wamp.URI) bool                                 { return true }
func (*onlyOrders) RuleAllows(*router.Session, peer.Action, wamp.URI) bool { return true }

func (p *onlyOrders) RuleAdmits(s *router.Session, _ peer.Action, topic wamp.URI) bool {
	p.asked++
	return s.Identity().ID == "admin" || strings.HasPrefix(string(topic), tagPrefix+"Acme_Order.")
}

// world is a component on a realm.
type world struct {
	t      *testing.T
	c      *Component
	router *router.Router
	realm  *router.Realm
	rule   onlyOrders
	close  func()
}

func newWorld(t *testing.T, o Options, store feature.Store) *world {
	t.Helper()
	w := &world{t: t}
	w.router, w.realm = routertest.Realm()
	w.c = newComponent(feature.Host{
		Policy: &w.rule, Logger: slog.New(slog.DiscardHandler), Config: configOf(t),
		Store: func(string, string) feature.Store { return store },
		Guard: func(string, time.Duration, time.Duration) feature.ReplayGuard { return nil },
		Ask:   func(string, string) feature.Asker { return silentAsker{} },
	}, &Config{Oro: &o, settings: Settings{Webhook: "http://127.0.0.1:1"}})
	closeComponent, err := w.c.Open(t.Context(), w.realm)
	if err != nil {
		t.Fatal(err)
	}
	w.close = closeComponent
	t.Cleanup(w.close)
	return w
}

type silentAsker struct{}

func (silentAsker) Exchange(context.Context, []byte) ([]byte, error) { return nil, context.Canceled }
func (silentAsker) Close()                                           {}

// page joins a page that subscribes to a topic.
func (w *world) page(user string, topics ...wamp.URI) *routertest.Client {
	w.t.Helper()
	p := routertest.Join(w.t, w.router, routertest.Page{Identity: routertest.Person(user)})
	for _, topic := range topics {
		p.Subscribe(topic, wamp.MatchExact)
	}
	return p
}

// say publishes one value as a backend does.
func (w *world) say(topic wamp.URI, value string) {
	w.t.Helper()
	if _, err := w.realm.Publish(router.Publication{Topic: topic, Payload: valuePayload([]byte(value))}); err != nil {
		w.t.Fatal(err)
	}
}

// hears fails unless a page has got these values since the last time.
func (w *world) hears(what string, p *routertest.Client, want ...string) {
	w.t.Helper()
	var got []string
	for _, m := range p.Received() {
		if e, ok := m.(*wamp.Event); ok {
			value, err := e.Payload.Value()
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, string(value))
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		w.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// tags returns the value of a data update.
func tags(names ...string) string {
	for i, name := range names {
		names[i] = fmt.Sprintf(`{"username":"ann","tagname":"%s"}`, name)
	}
	return "[" + strings.Join(names, ",") + "]"
}

func TestADataUpdateIsAListOnceForChangesThatComeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{DataUpdate: DataUpdate{Gather: 100 * time.Millisecond}}, &storedValue{})
		ann := w.page("ann", topicDataUpdate)
		w.say(topicDataUpdate, tags("a", "b"))
		w.say(topicDataUpdate, `{"0":{"username":"ann","tagname":"b"},"2":{"tagname":"c","username":null,"more":[1]}}`)
		w.say(topicDataUpdate, "[]")
		w.hears("too early", ann)
		time.Sleep(101 * time.Millisecond)
		synctest.Wait()
		w.hears("one event", ann, `[{"username":"ann","tagname":"a"},{"username":"ann","tagname":"b"},{"tagname":"c","username":null,"more":[1]}]`)
		for _, wrong := range []string{`1`, `"x"`, `null`, `[1]`, `[{"tag":"x"}]`, `{"a":{"tagname":""}}`, `[{"tagname":7}]`} {
			w.say(topicDataUpdate, wrong)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		w.hears("what cannot be read", ann)
		if n := w.c.counts.malformed.Load(); n != 7 {
			t.Errorf("%d were counted", n)
		}
		w.say(topicDataUpdate, tags("last"))
		w.close()
		w.hears("what waits at the end", ann, tags("last"))
	})
}

func TestTagsGoToThoseThatTheRuleLetsKnowThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := DataUpdate{}
		rule.Rule.Value = "by the test"
		w := newWorld(t, Options{DataUpdate: rule}, &storedValue{})
		admin, ann, tab := w.page("admin", topicDataUpdate), w.page("ann", topicDataUpdate), w.page("ann", topicDataUpdate)
		other := w.page("ben", "oro/ping")
		w.say(topicDataUpdate, tags("Acme_Order_7", "Acme_Salary_type_collection"))
		w.hears("an admin", admin, tags("Acme_Order_7", "Acme_Salary_type_collection"))
		w.hears("a user", ann, tags("Acme_Order_7"))
		w.hears("another tab", tab, tags("Acme_Order_7"))
		w.say(topicDataUpdate, tags("Acme_Salary_type_collection"))
		w.hears("an admin", admin, tags("Acme_Salary_type_collection"))
		w.hears("a user who may know nothing of it", ann)
		w.hears("a page without the topic", other)
		if w.rule.asked != 6 { // for each user and tag
			t.Errorf("the rule was asked %d times", w.rule.asked)
		}
	})
}

func TestTheLastMaintenanceIsSentToLateAndReturningPagesForSomeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storedValue{}
		w := newWorld(t, Options{MaintenanceFor: 15 * time.Minute}, store)
		before := w.page("ann", topicMaintenance)
		w.hears("nothing was said yet", before)
		w.say(topicMaintenance, `{"isOn":true,"userId":null}`)
		w.hears("a page that is there", before, `{"isOn":true,"userId":null}`)
		late := w.page("ben", topicMaintenance)
		w.hears("a late page", late, `{"isOn":true,"userId":null}`)
		before.Lose()
		w.say(topicMaintenance, `{"isOn":false,"userId":1}`)
		w.hears("the end", late, `{"isOn":false,"userId":1}`)
		w.hears("a page that comes back", w.page("ann", topicMaintenance), `{"isOn":false,"userId":1}`)
		again := newWorld(t, Options{MaintenanceFor: 15 * time.Minute}, store)
		again.hears("after a restart", again.page("ann", topicMaintenance), `{"isOn":false,"userId":1}`)
		time.Sleep(15*time.Minute + time.Second)
		w.hears("much later", w.page("ann", topicMaintenance))
		off := newWorld(t, Options{}, &storedValue{})
		off.say(topicMaintenance, `{"isOn":true}`)
		off.hears("switched off", off.page("ann", topicMaintenance))
	})
}

// Another node, or another backend at the same moment, may have stored one meanwhile.
func TestTheLastMaintenanceIsStoredInThePlaceOfAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storedValue{}
		w := newWorld(t, Options{MaintenanceFor: time.Hour}, store)
		w.say(topicMaintenance, `{"isOn":true}`)
		store.version += 7
		w.say(topicMaintenance, `{"isOn":false}`)
		again := newWorld(t, Options{MaintenanceFor: time.Hour}, store)
		again.hears("after a restart", again.page("ann", topicMaintenance), `{"isOn":false}`)
	})
}

func TestAPageWhoseConnectionWasLostIsToldOfTheTagsThatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{MissedFor: 10 * time.Minute}, &storedValue{})
		lost, left, stays := w.page("ann", topicDataUpdate), w.page("ben", topicDataUpdate), w.page("cleo", topicDataUpdate)
		w.say(topicDataUpdate, tags("before"))
		w.hears("before", lost, tags("before"))
		time.Sleep(time.Second)
		lost.Lose()
		left.Goodbye()
		synctest.Wait()
		w.say(topicDataUpdate, tags("a", "b"))
		w.say(topicDataUpdate, tags("a"))
		w.hears("a page that stays", stays, tags("before"), tags("a", "b"), tags("a"))
		w.hears("a fresh page of a user who left", w.page("ben", topicDataUpdate))
		w.hears("a page of another user", w.page("dora", topicDataUpdate))
		time.Sleep(time.Minute)
		w.hears("the page that comes back", w.page("ann", topicDataUpdate), tags("a", "b"))
		w.hears("a fresh page of the same user", w.page("ann", topicDataUpdate))
		w.hears("others hear nothing of it", stays)

		third := w.page("eve", topicDataUpdate)
		third.Lose()
		w.say(topicDataUpdate, tags("c"))
		time.Sleep(11 * time.Minute)
		w.hears("too late", w.page("eve", topicDataUpdate))
	})
}

func TestATabOfTheSDKIsKnownByItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{MissedFor: 10 * time.Minute}, &storedValue{})
		tab := func(name string) *routertest.Client {
			p := routertest.Join(t, w.router, routertest.Page{Identity: routertest.Person("ann"), Tab: name})
			p.Subscribe(topicDataUpdate, wamp.MatchExact)
			return p
		}
		lost := tab("one")
		time.Sleep(time.Minute)
		lost.Lose()
		w.say(topicDataUpdate, tags("a"))
		w.hears("a page of version 1", w.page("ann", topicDataUpdate))
		w.hears("another tab", tab("two"))
		back := tab("one")
		w.hears("the tab that comes back", back, tags("a"))

		time.Sleep(time.Minute)
		w.say(topicDataUpdate, tags("b"))
		w.hears("the tab is connected", back, tags("b"))
		time.Sleep(time.Second)
		w.say(topicDataUpdate, tags("c")) // goes to a connection that is dead
		again := tab("one")
		w.hears("the tab has noticed it before the server", again, tags("b", "c"))
		back.Lose()
		w.say(topicDataUpdate, tags("d"))
		w.hears("the tab stays", again, tags("d"))
		again.Goodbye()
		w.hears("the end of the dead connection was no loss", tab("one"))
	})
}

func TestThePingComesEveryFiftySecondsWhileAPageListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{}, &storedValue{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.c.Run(ctx) }()
		time.Sleep(101 * time.Second)
		synctest.Wait()
		if n := w.c.counts.pings.Load(); n != 0 {
			t.Errorf("%d pings without a listener", n)
		}
		ann := w.page("ann", topicPing)
		time.Sleep(100 * time.Second)
		synctest.Wait()
		w.hears("the ping", ann, `"Connection keep alive"`, `"Connection keep alive"`)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestTheClassOfATagIsWhatStandsBeforeItsKindOrId(t *testing.T) {
	for tag, class := range map[string]string{
		"Acme_Order_7":                                    "Acme_Order",
		"Acme_Order_type_collection":                      "Acme_Order",
		"Acme_Order_0b0e7a32-41c1-4c35-9a2e-1f6d3c9d8e77": "Acme_Order",
		"Acme_Order":                                      "Acme_Order",
		"Acme_Face":                                       "Acme_Face",
		"_7":                                              "_7",
	} {
		if topic, ok := topicOfTag(tag); !ok || string(topic) != tagPrefix+class+"."+tag {
			t.Errorf("%s: %s, %t", tag, topic, ok)
		}
	}
	if topic, ok := topicOfTag("Acme.Order 7"); !ok || !strings.HasSuffix(string(topic), "%2EOrder%207") {
		t.Errorf("%s", topic)
	}
	if _, ok := topicOfTag("\xff"); ok {
		t.Error("a tag that is no text has a topic")
	}
}

func configOf(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Parse("test.yaml", nil, config.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
