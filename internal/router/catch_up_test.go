package router_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slowReading is a realm whose journal waits before it reads, and a subscriber that asks for what was retained.
type slowReading struct {
	t          *testing.T
	journal    *watchedJournal
	gate       chan struct{} // closed: the journal reads
	router     *router.Router
	realm      *router.Realm
	subscriber *member
}

// readSlowly runs a test of a subscriber in a realm whose journal waits.
func readSlowly(t *testing.T, options router.Options, test func(*slowReading)) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowReading{t: t, gate: make(chan struct{})}
		s.journal = &watchedJournal{beforeRetained: func() error { <-s.gate; return nil }}
		options.Journal = s.journal.open
		if options.Retention == nil {
			options.Retention = retainOnRequest
		}
		s.router = router.New(options)
		s.realm = s.router.AddRealm("app")
		s.subscriber = enter(t, s.router, wamp.V2JSON)
		s.subscriber.listen()
		s.subscriber.heard = nil
		test(s)
		synctest.Wait()
		s.subscriber.client.Detach(outbox.CloseLost)
		if stats := s.router.Stats(); stats.Subscriptions != 0 || stats.Sessions != 0 {
			t.Errorf("something is left: %+v", stats)
		}
	})
}

// subscribe sends SUBSCRIBE with get_retained, and returns when the router waits for the journal or is done.
func (s *slowReading) subscribe(topic wamp.URI, match string) {
	options := wamp.Dict{"get_retained": true, "match": match}
	request := s.subscriber.next.Next()
	go s.subscriber.say(&wamp.Subscribe{Request: request, Topic: topic, Options: options})
	synctest.Wait()
}

func (s *slowReading) publish(topic wamp.URI, n int, retain bool) {
	s.t.Helper()
	_, err := s.realm.Publish(router.Publication{Topic: topic, Payload: args(s.t, n), Retain: retain})
	if err != nil {
		s.t.Error(err)
	}
}

// read lets the journal read, and later reads do not wait.
func (s *slowReading) read() {
	close(s.gate)
	synctest.Wait()
}

// expect checks what the subscriber has heard: SUBSCRIBED, UNSUBSCRIBED, ERROR with its URI, events as their numbers,
// with an r if they are retained.
func (s *slowReading) expect(what ...any) {
	s.t.Helper()
	s.subscriber.listen()
	heard := []any{}
	for _, message := range s.subscriber.heard {
		switch m := message.(type) {
		case *wamp.Event:
			n := ints(s.t, m.Payload)[0]
			if retained, _ := m.Details.Bool("retained"); retained {
				heard = append(heard, fmt.Sprintf("r%d", n))
			} else {
				heard = append(heard, n)
			}
		case *wamp.Error:
			heard = append(heard, string(m.Error))
		default:
			heard = append(heard, message.Code().String())
		}
	}
	s.subscriber.heard = nil
	want := append([]any{}, what...)
	if fmt.Sprint(heard) != fmt.Sprint(want) {
		s.t.Errorf("the subscriber heard %v, want %v", heard, want)
	}
}

func TestRetainedEventsComeBetweenSubscribedAndWhatIsPublishedMeanwhile(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.publish("a", 1, true)
		s.subscribe("a", "exact")
		s.publish("a", 2, false)
		s.publish("a", 3, false)
		s.expect()
		s.read()
		s.expect("SUBSCRIBED", "r1", 2, 3)
		s.publish("a", 4, false)
		s.expect(4)
	})
}

func TestWhatIsRetainedMeanwhileComesOnceAndInItsPlace(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.publish("a.x", 1, true)
		s.publish("a.y", 2, true)
		s.subscribe("a.", "prefix")
		s.publish("a.x", 3, false)
		s.publish("a.x", 4, true)
		s.publish("a.x", 5, false)
		s.read()
		s.expect("SUBSCRIBED", "r2", 3, 4, 5)
	})
}

// The journal has stored a publication, but it is not delivered yet when a subscriber reads it.
func TestASubscriberWaitsForWhatTheJournalHasAndSubscribersHaveNot(t *testing.T) {
	readSlowly(t, router.Options{Retention: keepHistory}, func(s *slowReading) {
		stored := make(chan struct{})
		s.publish("a", 1, true)
		s.journal.afterAppend = func() { <-stored }
		for n := 2; n < 5; n++ { // 3 and 4 share an append, which follows that of 2
			go s.publish("a", n, true)
			synctest.Wait()
		}
		go s.publish("b", 9, true)
		s.subscribe("a", "exact")
		s.read()
		s.expect()
		close(stored)
		synctest.Wait()
		s.expect("SUBSCRIBED", 2, 3, 4)
	})
}

func TestOthersDoNotWaitForASubscriberThatCatchesUp(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.subscribe("a", "exact")
		other := enter(t, s.router, wamp.V2JSON)
		other.say(&wamp.Subscribe{Request: 1, Topic: "a"})
		s.publish("a", 1, true)
		if got := other.events(); !slices.Equal(got, []int{1}) {
			t.Errorf("the other subscriber got %v", got)
		}
		if n := s.realm.Subscribers("a"); n != 1 {
			t.Errorf("%d subscribers are counted", n)
		}
		other.client.Detach(outbox.CloseLost)
		s.publish("a", 2, false)
		if !s.realm.MayReach("a") {
			t.Error("no publication may reach a subscriber that catches up")
		}
		s.read()
		s.expect("SUBSCRIBED", 1, 2)
		if n := s.realm.Subscribers("a"); n != 1 {
			t.Errorf("%d subscribers are counted", n)
		}
	})
}

func TestListsOfReceiversHoldForASubscriberThatCatchesUp(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		id := s.subscriber.client.Session().ID()
		s.subscribe("a", "exact")
		for n, filter := range []publication.Filter{
			{}, {Exclude: []wamp.ID{id}}, {Eligible: []wamp.ID{id}}, {EligibleAuthID: []string{"ann"}}, {Eligible: []wamp.ID{id + 1}},
		} {
			receipt, err := s.realm.Publish(router.Publication{Topic: "a", Payload: args(t, n), Filter: filter})
			if want := map[int]int{0: 1, 2: 1}[n]; err != nil || receipt.Deliveries != want {
				t.Errorf("publication %d was delivered to %d, %v", n, receipt.Deliveries, err)
			}
		}
		s.read()
		s.expect("SUBSCRIBED", 0, 2)
	})
}

func TestTooMuchWhileCatchingUpClosesTheSubscriber(t *testing.T) {
	for name, limits := range map[string]meter.Limits{"frames": {OutboxFrames: 4}, "bytes": {OutboxBytes: 4000}} {
		t.Run(name, func(t *testing.T) {
			readSlowly(t, router.Options{Limits: limits}, func(s *slowReading) {
				s.subscribe("a", "exact")
				if closed := s.subscriber.client.Outbox().Closed(); closed != nil {
					t.Fatalf("it is closed as %+v before anything is published", closed)
				}
				large := wamp.Payload{Args: append(append([]byte(`["`), bytes.Repeat([]byte("x"), 1000)...), `"]`...)}
				for range 5 {
					if _, err := s.realm.Publish(router.Publication{Topic: "a", Payload: large}); err != nil {
						t.Error(err)
					}
				}
				closed := s.subscriber.client.Outbox().Closed()
				if closed == nil || closed.Reason != outbox.CloseSlow || s.router.Stats().Closes[outbox.CloseSlow] != 1 {
					t.Errorf("it is closed as %+v", closed)
				}
				s.read()
				s.expect()
			})
		})
	}
}

func TestASessionThatEndsWhileItCatchesUpHoldsNothing(t *testing.T) {
	for name, end := range map[string]func(*slowReading){
		"killed": func(s *slowReading) { s.subscriber.client.Session().Kill("", "") },
		"lost":   func(s *slowReading) { s.subscriber.client.Detach(outbox.CloseLost) },
	} {
		t.Run(name, func(t *testing.T) {
			readSlowly(t, router.Options{}, func(s *slowReading) {
				watch := &watcher{t: t, open: map[*router.Session]map[wamp.ID]bool{s.subscriber.client.Session(): {}}}
				defer s.realm.Observe(watch)()
				s.subscribe("a", "exact")
				s.publish("a", 1, true)
				end(s)
				s.publish("a", 2, true)
				s.read()
				if n := s.router.Stats().Subscriptions; n != 0 {
					t.Errorf("%d subscriptions are left", n)
				}
			})
		})
	}
}

func TestAJournalThatCannotReadRefusesTheSubscriber(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.journal.beforeRetained = func() error { <-s.gate; return errors.New("no connection") }
		s.subscribe("a", "exact")
		s.publish("a", 1, false)
		s.read()
		s.expect(wamp.ErrUnavailable)
		if n := s.router.Stats().Subscriptions; n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

func TestAPanicOfTheJournalLeavesNoSubscriberBehind(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.journal.beforeRetained = func() error { panic("boom") }
		s.subscribe("a", "exact")
		if s.subscriber.client.Outbox().Closed() == nil || s.router.Stats().Subscriptions != 0 {
			t.Errorf("the session goes on: %+v", s.router.Stats())
		}
	})
}

// holder is the subscriber once it holds the subscription of the topic a.
func (s *slowReading) holder() wamp.ID {
	s.t.Helper()
	s.subscriber.say(&wamp.Subscribe{Request: s.subscriber.next.Next(), Topic: "a"})
	s.expect("SUBSCRIBED")
	info, held := s.realm.Subscription("a", wamp.MatchExact)
	if !held {
		s.t.Fatal("it holds no subscription")
	}
	return info.ID
}

func TestAHolderThatAsksAgainStaysOne(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		id := s.holder()
		s.publish("a", 1, true)
		before, _ := s.realm.SubscriptionByID(id)
		s.subscribe("a", "exact")
		s.publish("a", 2, false)
		during, held := s.realm.SubscriptionByID(id)
		if !held || during != before || len(s.realm.SubscribersOf(id)) != 1 {
			t.Errorf("it is %+v, held: %t; before: %+v", during, held, before)
		}
		s.read()
		s.expect(1, "SUBSCRIBED", "r1", 2)
		s.publish("a", 3, false)
		s.expect(3)
		s.subscriber.say(&wamp.Unsubscribe{Request: s.subscriber.next.Next(), Subscription: id})
		s.expect("UNSUBSCRIBED")
	})
}

func TestAHolderThatIsRefusedGetsWhatWasQueued(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		s.holder()
		s.journal.beforeRetained = func() error { <-s.gate; return errors.New("no connection") }
		s.subscribe("a", "exact")
		s.publish("a", 1, false)
		s.read()
		s.publish("a", 2, false)
		s.expect(1, wamp.ErrUnavailable, 2)
	})
}

func TestASubscriptionThatIsRevokedWhileItsHolderAsksAgainIsMadeAnew(t *testing.T) {
	readSlowly(t, router.Options{}, func(s *slowReading) {
		id := s.holder()
		watch := &watcher{t: t, open: map[*router.Session]map[wamp.ID]bool{s.subscriber.client.Session(): {id: true}}}
		defer s.realm.Observe(watch)()
		s.subscribe("a", "exact")
		s.publish("a", 1, true)
		if !s.realm.RevokeSubscription(s.subscriber.client.Session(), id, "") {
			t.Error("there was nothing to revoke")
		}
		s.read()
		s.expect("SUBSCRIBED", "r1")
		s.publish("a", 2, false)
		s.expect(2)
		s.subscriber.client.Detach(outbox.CloseLost)
		synctest.Wait()
		if len(watch.open) != 0 {
			t.Errorf("observers think that it is here: %v", watch.open)
		}
	})
}

// opinion is an Authorizer that changes its mind.
type opinion struct{ refuses bool }

func (o *opinion) Authorize(context.Context, router.Request) (peer.Decision, error) {
	if o.refuses {
		return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "no more")
	}
	return peer.Decision{}, nil
}

func TestADecisionThatIsVoidWhenTheSubscriberHasReadIsMadeAgain(t *testing.T) {
	authorizer := &opinion{}
	readSlowly(t, router.Options{Authorizer: authorizer}, func(s *slowReading) {
		s.subscribe("a", "exact")
		s.publish("a", 1, true)
		authorizer.refuses = true
		s.realm.ForgetDecisions()
		s.read()
		s.expect(wamp.ErrNotAuthorized)
	})
}

// Subscribers come, ask again and are revoked or lost while two publishers publish. Each gets, for each subscription,
// the last event or newer ones, and then every later event once and in order.
func TestSubscribersCatchUpWhileAllGoesOn(t *testing.T) {
	const publications = 400
	yield := func() error { runtime.Gosched(); return nil }
	journal := &watchedJournal{
		afterAppend:    runtime.Gosched,
		beforeRetained: yield,
		afterRetained:  runtime.Gosched,
	}
	r := router.New(router.Options{
		Journal:   journal.open,
		Limits:    meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30},
		Retention: func(wamp.URI) publication.Retention { return publication.Retention{Retain: publication.RetainAlways} },
	})
	realm := r.AddRealm("app")
	var publishing, subscribing sync.WaitGroup
	for _, topic := range []wamp.URI{"t.a", "t.b"} {
		publishing.Go(func() {
			m := enter(t, r, wamp.V2JSON)
			for n := range publications {
				m.say(&wamp.Publish{Request: m.next.Next(), Topic: topic, Payload: args(t, n)})
			}
		})
	}
	for seed := range uint64(8) {
		subscribing.Go(func() { catchUpAtRandom(t, r, realm, rand.New(rand.NewPCG(seed, 1))) })
	}
	publishing.Wait()
	subscribing.Wait()
	if stats := r.Stats(); stats.Subscriptions != 0 {
		t.Errorf("subscriptions are left: %+v", stats)
	}
}

func catchUpAtRandom(t *testing.T, r *router.Router, realm *router.Realm, rnd *rand.Rand) {
	for range 10 {
		m := enter(t, r, wamp.V2JSON)
		subscribe := &wamp.Subscribe{Topic: "t.a", Options: wamp.Dict{"get_retained": true}}
		if rnd.IntN(2) == 0 {
			subscribe.Topic, subscribe.Options["match"] = "t.", "prefix"
		}
		var revoking sync.WaitGroup
		for range 1 + rnd.IntN(5) {
			subscribe.Request = m.next.Next()
			if id := m.subscription(); id != 0 && rnd.IntN(3) == 0 {
				revoking.Go(func() { realm.RevokeSubscription(m.client.Session(), id, "") })
			}
			m.say(subscribe)
			m.listen()
		}
		revoking.Wait()
		m.client.Detach(outbox.CloseLost)
		m.listen()
		expectContinuity(t, m.heard)
	}
}

// subscription returns the last subscription that the client was told of.
func (m *member) subscription() (id wamp.ID) {
	for _, message := range m.heard {
		if subscribed, ok := message.(*wamp.Subscribed); ok {
			id = subscribed.Subscription
		}
	}
	return id
}

// expectContinuity checks the events of one subscription that may be revoked and made anew: a retained event comes
// only after SUBSCRIBED, and each new event of a topic follows the one before, unless SUBSCRIBED came in between.
func expectContinuity(t *testing.T, messages []wamp.Message) {
	t.Helper()
	last, fresh := map[string]int{}, map[string]bool{}
	for _, message := range messages {
		switch m := message.(type) {
		case *wamp.Subscribed:
			fresh = map[string]bool{"t.a": true, "t.b": true, "": true}
		case *wamp.Event:
			topic, _ := m.Details.String("topic")
			n, before := ints(t, m.Payload)[0], last[topic]
			retained, _ := m.Details.Bool("retained")
			switch {
			case retained && (!fresh[topic] || n < before):
				t.Errorf("%s: %d is retained and came after %d", topic, n, before)
			case !retained && n != before+1 && !fresh[topic]:
				t.Errorf("%s: %d came after %d", topic, n, before)
			case !retained && n <= before && before != 0:
				t.Errorf("%s: %d came again after %d", topic, n, before)
			}
			last[topic], fresh[topic] = n, false
		}
	}
}
