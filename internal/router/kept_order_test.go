package router_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keptRealm is a realm that keeps all publications in a journal with hooks.
func keptRealm(journal *watchedJournal) (*router.Router, *router.Realm) {
	r := router.New(router.Options{
		Limits:    meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30, OutboxFrames: 1 << 20, OutboxBytes: 1 << 30},
		Journal:   journal.open,
		Retention: keepHistory,
	})
	return r, r.AddRealm("app")
}

// events returns the numbers in the events that a client has got, and forgets them.
func (m *member) events() (numbers []int) {
	m.listen()
	for _, message := range m.heard {
		if event, ok := message.(*wamp.Event); ok {
			numbers = append(numbers, ints(m.t, event.Payload)[0])
		}
	}
	m.heard = nil
	return numbers
}

// history returns the numbers in what is kept of a topic.
func history(t *testing.T, realm *router.Realm, topic wamp.URI) (numbers []int) {
	t.Helper()
	page, err := realm.History(t.Context(), publication.EventQuery{Subscription: wamp.Subscription{Topic: topic}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		numbers = append(numbers, ints(t, e.Payload)[0])
	}
	return numbers
}

// recorder is a component that records the numbers in its events. If it is called twice at once, the race detector
// and the order tell.
type recorder struct{ got []int }

func (c *recorder) subscribe(t *testing.T, realm *router.Realm, topic wamp.URI) {
	t.Helper()
	_, err := realm.Subscribe(topic, wamp.MatchExact, func(e router.LocalEvent) { c.got = append(c.got, ints(t, e.Payload)[0]) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestHistoryAndSubscribersAgreeOnTheOrderOfAKeptTopic(t *testing.T) {
	const publishers, each = 4, 200
	r, realm := keptRealm(&watchedJournal{afterAppend: runtime.Gosched})
	subscribers := []*member{enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2CBOR)}
	for _, m := range subscribers {
		m.say(&wamp.Subscribe{Request: 1, Topic: "kept"})
	}
	var component recorder
	component.subscribe(t, realm, "kept")
	var all sync.WaitGroup
	for p := range publishers {
		all.Go(func() {
			m := enter(t, r, wamp.V2JSON)
			for n := range each {
				m.say(&wamp.Publish{Request: m.next.Next(), Topic: "kept", Payload: args(t, p*each+n)})
			}
		})
	}
	all.Wait()
	kept := history(t, realm, "kept")
	if len(kept) != publishers*each {
		t.Errorf("%d publications are kept", len(kept))
	}
	for _, m := range subscribers {
		if got := m.events(); !slices.Equal(got, kept) {
			t.Errorf("a subscriber got another order than the history has:\n%v\n%v", got, kept)
		}
	}
	if !slices.Equal(component.got, kept) {
		t.Errorf("a component got another order than the history has:\n%v\n%v", component.got, kept)
	}
}

func TestPublishersThatWaitForTheJournalShareTheNextAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var appends []int
		gate := make(chan struct{})
		r, realm := keptRealm(&watchedJournal{beforeAppend: func(placements []publication.Placement) error {
			appends = append(appends, len(placements))
			<-gate
			return nil
		}})
		m := enter(t, r, wamp.V2JSON)
		m.say(&wamp.Subscribe{Request: 1, Topic: "a"})
		for n := range 5 {
			go publishKept(t, realm, "a", n)
			synctest.Wait()
		}
		if got := m.events(); len(appends) != 1 || got != nil {
			t.Errorf("appends of %v, events %v before the journal has stored them", appends, got)
		}
		go publishKept(t, realm, "b", 9) // all topics have one order
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if got := m.events(); !slices.Equal(appends, []int{1, 5}) || !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("appends of %v, events %v", appends, got)
		}
		m.client.Detach(outbox.CloseLost)
	})
}

func publishKept(t *testing.T, realm *router.Realm, topic wamp.URI, n int) {
	if _, err := realm.Publish(router.Publication{Topic: topic, Payload: args(t, n)}); err != nil {
		t.Errorf("publish %d: %v", n, err)
	}
}

func TestATopicThatIsNotKeptNeverWaitsForTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		journal := &watchedJournal{beforeAppend: func([]publication.Placement) error { <-gate; return nil }}
		r := router.New(router.Options{Journal: journal.open, Retention: retainOnRequest})
		realm := r.AddRealm("app")
		m := enter(t, r, wamp.V2JSON)
		m.say(&wamp.Subscribe{Request: 1, Topic: "a"})
		retained := make(chan struct{})
		go func() {
			defer close(retained)
			if _, err := realm.Publish(router.Publication{Topic: "a", Payload: args(t, 1), Retain: true}); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		publishKept(t, realm, "a", 2)
		if got := m.events(); !slices.Equal(got, []int{2}) {
			t.Errorf("events %v", got)
		}
		close(gate)
		<-retained
		if got := m.events(); !slices.Equal(got, []int{1}) {
			t.Errorf("events %v after the journal has gone on", got)
		}
		m.client.Detach(outbox.CloseLost)
	})
}

func TestAPublicationThatTheJournalRefusesIsNotDelivered(t *testing.T) {
	var broken bool
	r, realm := keptRealm(&watchedJournal{beforeAppend: func([]publication.Placement) error {
		if broken {
			return errors.New("the disk is full")
		}
		return nil
	}})
	subscriber, publisher := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2JSON)
	subscriber.say(&wamp.Subscribe{Request: 1, Topic: "a"})
	publisher.listen()
	publisher.heard = nil
	broken = true
	publisher.say(&wamp.Publish{Request: 1, Topic: "a", Options: wamp.Dict{"acknowledge": true}, Payload: args(t, 1)})
	publisher.say(&wamp.Publish{Request: 2, Topic: "a", Payload: args(t, 2)})
	receipt, err := realm.Publish(router.Publication{Topic: "a", Payload: args(t, 3)})
	var failure *wamp.Failure
	if !errors.As(err, &failure) || failure.URI != wamp.ErrUnavailable || receipt != (router.Receipt{}) {
		t.Errorf("a component heard %+v, %v", receipt, err)
	}
	publisher.listen()
	if len(publisher.heard) != 1 {
		t.Fatalf("the publisher heard %v", publisher.heard)
	}
	if answer, ok := publisher.heard[0].(*wamp.Error); !ok || answer.Request != 1 || answer.Error != wamp.ErrUnavailable {
		t.Errorf("the publisher that asked heard %+v", publisher.heard[0])
	}
	if got := r.Stats().NotKept; got != 3 {
		t.Errorf("%d publications are counted", got)
	}
	if _, err := realm.PublishAll([]router.Publication{{Topic: "x"}, {Topic: "y"}, {Topic: "z"}}); err == nil || strings.Count(err.Error(), "could not be kept") != 1 {
		t.Errorf("several that are refused together: %v", err)
	}
	broken = false
	publishKept(t, realm, "a", 4)
	if got, kept := subscriber.events(), history(t, realm, "a"); !slices.Equal(got, []int{4}) || !slices.Equal(kept, got) {
		t.Errorf("delivered %v, kept %v", got, kept)
	}
}

func TestAComponentMayPublishToTheTopicOfItsEvent(t *testing.T) {
	const rounds = 50
	r, realm := keptRealm(&watchedJournal{})
	m := enter(t, r, wamp.V2JSON)
	m.say(&wamp.Subscribe{Request: 1, Topic: "a"})
	var first, second recorder
	first.subscribe(t, realm, "a")
	_, err := realm.Subscribe("a", wamp.MatchExact, func(e router.LocalEvent) {
		if n := ints(t, e.Payload)[0]; n%2 == 0 {
			publishKept(t, realm, "a", n+1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	second.subscribe(t, realm, "a")
	var all sync.WaitGroup
	for p := range 2 {
		all.Go(func() {
			for n := range rounds {
				publishKept(t, realm, "a", 2*(p*rounds+n))
			}
		})
	}
	all.Wait()
	kept := history(t, realm, "a")
	if len(kept) != 4*rounds {
		t.Errorf("%d publications are kept", len(kept))
	}
	for name, got := range map[string][]int{"a session": m.events(), "a component": first.got, "the last component": second.got} {
		if !slices.Equal(got, kept) {
			t.Errorf("%s got another order than the history has:\n%v\n%v", name, got, kept)
		}
	}
}

// A publisher's events on several topics reach a component in the order in which they were published, whether the topics
// are kept or not.
func TestAComponentGetsEachPublishersEventsInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &watchedJournal{}
		r := router.New(router.Options{Journal: journal.open, Retention: func(topic wamp.URI) publication.Retention {
			return publication.Retention{Keep: publication.Keep{Last: map[wamp.URI]int{"all.kept": 10}[topic]}}
		}})
		realm := r.AddRealm("app")
		gate := make(chan struct{})
		var got []int
		_, err := realm.Subscribe("all.", wamp.MatchPrefix, func(e router.LocalEvent) {
			n := ints(t, e.Payload)[0]
			if n == 0 {
				<-gate
			}
			got = append(got, n)
		})
		if err != nil {
			t.Fatal(err)
		}
		go publishKept(t, realm, "all.kept", 0)
		synctest.Wait()
		m := enter(t, r, wamp.V2JSON)
		for n, topic := range []wamp.URI{"all.kept", "all.other", "all.kept", "all.other"} {
			m.say(&wamp.Publish{Request: m.next.Next(), Topic: topic, Payload: args(t, n+1)})
		}
		m.client.Detach(outbox.CloseLost)
		close(gate)
		synctest.Wait()
		if !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("the component got %v", got)
		}
	})
}

func TestACanceledComponentGetsNoEventThatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, realm := keptRealm(&watchedJournal{})
		gate := make(chan struct{})
		events := 0
		cancel, err := realm.Subscribe("a", wamp.MatchExact, func(router.LocalEvent) { events++; <-gate })
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			go publishKept(t, realm, "a", n)
			synctest.Wait()
		}
		cancel()
		close(gate)
		synctest.Wait()
		if events != 1 {
			t.Errorf("it got %d events", events)
		}
	})
}

func TestAPanicOfAComponentDoesNotStopAKeptTopic(t *testing.T) {
	r, realm := keptRealm(&watchedJournal{})
	m := enter(t, r, wamp.V2JSON)
	_, err := realm.Subscribe("a", wamp.MatchExact, func(router.LocalEvent) { panic("boom") })
	if err != nil {
		t.Fatal(err)
	}
	var other recorder
	other.subscribe(t, realm, "a")
	for n := range 3 {
		if !m.say(&wamp.Publish{Request: m.next.Next(), Topic: "a", Payload: args(t, n)}) {
			t.Error("the publisher's session has ended")
		}
	}
	if !slices.Equal(other.got, []int{0, 1, 2}) {
		t.Errorf("the other component got %v", other.got)
	}
}

// A panic while a publication is delivered ends the session of its publisher, though another one led the topic.
func TestAPanicInAKeptTopicEndsTheSessionOfItsPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		r, realm := keptRealm(&watchedJournal{beforeAppend: func([]publication.Placement) error { <-gate; return nil }})
		bomb := &panickingFraming{}
		victim := r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON, Framing: bomb}})
		receive(t, victim, []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
		receive(t, victim, []byte(`[32,1,{},"a"]`))
		publishers := make([]*member, 4)
		heard := make([]bool, len(publishers))
		for i := range publishers {
			publishers[i] = enter(t, r, wamp.V2JSON)
			var options wamp.Dict
			if i == 2 { // it does not reach the victim
				options = wamp.Dict{"eligible_authrole": []any{"none"}}
			}
			go func() {
				heard[i] = publishers[i].say(&wamp.Publish{Request: 1, Topic: "a", Options: options, Payload: args(t, i)})
			}()
			synctest.Wait()
		}
		bomb.armed = true
		close(gate)
		synctest.Wait()
		bomb.armed = false
		if fmt.Sprint(heard) != "[false false true false]" {
			t.Errorf("these publishers' sessions go on: %v", heard)
		}
		publishKept(t, realm, "a", 9)
		victim.Detach(outbox.CloseLost)
		for _, m := range publishers {
			m.client.Detach(outbox.CloseLost)
		}
	})
}
