package router_test

import (
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
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// follower is a page that subscribes again and again, each time after the last event that it has.
type follower struct {
	*member
	router   *router.Router
	encoding wamp.Encoding
	topic    wamp.URI
	match    string
	position wamp.Dict // of the last event; nil: none yet
	got      []int
	live     bool
}

// connect begins a session and subscribes.
func (f *follower) connect(t *testing.T) {
	f.member = enter(t, f.router, f.encoding)
	options := wamp.Dict{"match": f.match, "_since": f.position}
	if f.position == nil {
		options = wamp.Dict{"match": f.match, "_last": 1_000_000}
	}
	f.live = false
	f.say(&wamp.Subscribe{Request: f.next.Next(), Topic: f.topic, Options: options})
}

// read takes what is in the outbox, and checks that each event names the one before it.
func (f *follower) read() {
	f.listen()
	for _, message := range f.heard {
		switch m := message.(type) {
		case *wamp.Subscribed:
			f.take(m.Details, false)
		case *wamp.Event:
			f.got = append(f.got, ints(f.t, m.Payload)[0])
			f.take(m.Details, true)
		}
	}
	f.heard = nil
}

func (f *follower) take(details wamp.Dict, event bool) {
	seq, _ := details.Int("_seq")
	if gap, _ := details.Bool("_gap"); gap {
		f.t.Errorf("there is a gap: %v", details)
	}
	if before, _ := details.Int("_prev"); event && before != f.position["_seq"] {
		f.t.Errorf("an event after %d came after %v", before, f.position)
	}
	f.position = wamp.Dict{"_epoch": details["_epoch"], "_seq": seq}
	if live, _ := details.Bool("_live"); live {
		f.live = true
	}
}

// Clients come, go and come back while publishers publish, with outboxes that hold only a few events: each gets every
// publication once, in order.
func TestWhatIsMissedComesOnceAndInOrderWhileAllGoesOn(t *testing.T) {
	const publishers, each, followers = 3, 400, 12
	journal := &watchedJournal{afterAppend: runtime.Gosched}
	r := router.New(router.Options{
		Journal: journal.open,
		Limits:  meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30, OutboxFrames: 2000},
		Retention: func(wamp.URI) publication.Retention {
			return publication.Retention{Keep: publication.Keep{Last: 1 << 20}}
		},
	})
	realm := r.AddRealm("app")
	var publishing, following sync.WaitGroup
	done := make(chan struct{})
	for p := range publishers {
		publishing.Go(func() {
			for n := range each {
				topic := wamp.URI(fmt.Sprintf("t.%d", n%3))
				if _, err := realm.Publish(router.Publication{Topic: topic, Payload: args(t, p*each+n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all := make([]*follower, followers)
	for i := range all {
		f := &follower{router: r, encoding: []wamp.Encoding{wamp.V2JSON, wamp.V2CBOR, wamp.V2MessagePack}[i%3], topic: "t.", match: "prefix"}
		if i%2 == 0 {
			f.topic, f.match = "t.1", "exact"
		}
		all[i] = f
		following.Go(func() {
			for ended := false; !ended; {
				select {
				case <-done:
					ended = true
				default:
				}
				f.connect(t)
				for range rand.IntN(20) {
					f.read()
					runtime.Gosched()
				}
				f.read()
				f.client.Detach(outbox.CloseLost)
			}
		})
	}
	publishing.Wait()
	close(done)
	following.Wait()
	for _, f := range all {
		f.connect(t)
		for f.read(); !f.live; f.read() {
			runtime.Gosched()
		}
		expectEachPublishersOrder(t, f.got, publishers, each, f.match == "exact")
		f.client.Detach(outbox.CloseLost)
	}
	if stats := r.Stats(); stats.Subscriptions != 0 || stats.Sessions != 0 {
		t.Errorf("something is left: %+v", stats)
	}
}

// expectEachPublishersOrder checks that all numbers of each publisher came once and in order; of one topic of three, if
// that is asked.
func expectEachPublishersOrder(t *testing.T, got []int, publishers, each int, third bool) {
	t.Helper()
	for p := range publishers {
		var want, of []int
		for n := range each {
			if !third || n%3 == 1 {
				want = append(want, p*each+n)
			}
		}
		for _, n := range got {
			if n/each == p {
				of = append(of, n)
			}
		}
		if !slices.Equal(of, want) {
			t.Errorf("of publisher %d came %d, want %d: %v", p, len(of), len(want), of)
		}
	}
}

// A client that does not read gets the first page, and the others as it reads.
func TestPagesWaitForRoomInTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := smallOutboxes(t)
		publish(t, realm, 1, 50)
		f := &follower{router: r, encoding: wamp.V2JSON, topic: "t", match: "exact"}
		f.connect(t)
		synctest.Wait()
		publish(t, realm, 51, 60) // in the middle of it
		for range 10 {
			if frames, _ := f.client.Outbox().Len(); frames > 20 {
				t.Fatalf("%d frames are queued", frames)
			}
			f.read()
			synctest.Wait()
		}
		publish(t, realm, 61, 61)
		f.read()
		if !slices.Equal(f.got, numbers(1, 61)) || !f.live {
			t.Errorf("live: %t, got %v", f.live, f.got)
		}
		f.client.Detach(outbox.CloseLost)
	})
}

// smallOutboxes is a realm that keeps all, whose outboxes hold twenty frames: a page has five.
func smallOutboxes(t *testing.T) (*router.Router, *router.Realm) {
	t.Helper()
	r := router.New(router.Options{
		Journal: inMemory, Retention: keepHistory,
		Limits: meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30, OutboxFrames: 20},
	})
	return r, r.AddRealm("app")
}

func publish(t *testing.T, realm *router.Realm, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if _, err := realm.Publish(router.Publication{Topic: "t", Payload: args(t, n)}); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(from, to int) (all []int) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

// A page that comes back with many subscriptions does not close itself as slow, although all that it missed is more than its
// outbox holds.
func TestManySubscriptionsThatComeBackShareTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := smallOutboxes(t)
		const topics, each = 8, 12
		for n := range topics * each {
			if _, err := realm.Publish(router.Publication{Topic: wamp.URI(fmt.Sprint("t.", n%topics)), Payload: args(t, n)}); err != nil {
				t.Fatal(err)
			}
		}
		m := enter(t, r, wamp.V2JSON)
		m.listen()
		for topic := range topics {
			m.say(&wamp.Subscribe{Request: m.next.Next(), Topic: wamp.URI(fmt.Sprint("t.", topic)), Options: wamp.Dict{"_last": each}})
		}
		var got []int
		for range topics * each {
			synctest.Wait()
			if frames, _ := m.client.Outbox().Len(); frames > 20 {
				t.Fatalf("%d frames are queued", frames)
			}
			got = append(got, m.events()...)
		}
		slices.Sort(got)
		if !slices.Equal(got, numbers(0, topics*each-1)) {
			t.Errorf("%d of %d events came, closed: %v", len(got), topics*each, m.client.Outbox().Closed())
		}
		m.client.Detach(outbox.CloseLost)
	})
}

func TestASubscriberThatCatchesUpCanLeaveUnsubscribeAndAskAgain(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*follower)
		want      []int // after the first two pages of five
	}{
		"leaves":       {func(f *follower) { f.client.Detach(outbox.CloseLost) }, nil},
		"unsubscribes": {func(f *follower) { f.say(&wamp.Unsubscribe{Request: f.next.Next(), Subscription: 1}) }, nil},
		"asks for less": {func(f *follower) {
			f.say(&wamp.Subscribe{Request: f.next.Next(), Topic: "t", Options: wamp.Dict{"_last": 2}})
		}, []int{29, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, realm := smallOutboxes(t)
				publish(t, realm, 1, 30)
				f := &follower{router: r, encoding: wamp.V2JSON, topic: "t", match: "exact"}
				f.connect(t)
				synctest.Wait()
				test.meanwhile(f)
				var got []int
				for range 20 {
					synctest.Wait()
					got = append(got, f.events()...)
				}
				if first := got[:min(10, len(got))]; name != "leaves" && !slices.Equal(first, numbers(1, 10)) || !slices.Equal(got[len(first):], test.want) {
					t.Errorf("got %v", got)
				}
				f.client.Detach(outbox.CloseLost)
				synctest.Wait()
				if stats := r.Stats(); stats.Subscriptions != 0 {
					t.Errorf("something is left: %+v", stats)
				}
			})
		})
	}
}

// What a client reads too slowly is told to be missing, in its place.
func TestAClientThatIsSlowerThanWhatIsKeptIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{
			Journal: inMemory, Limits: meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30, OutboxFrames: 20},
			Retention: func(wamp.URI) publication.Retention { return publication.Retention{Keep: publication.Keep{Last: 20}} },
		})
		realm := r.AddRealm("app")
		publish(t, realm, 1, 20)
		f := &follower{router: r, encoding: wamp.V2JSON, topic: "t", match: "exact"}
		f.connect(t)
		synctest.Wait()
		publish(t, realm, 21, 60)
		var heard []string
		for range 20 {
			f.listen()
			synctest.Wait()
			for _, message := range f.heard {
				if event, ok := message.(*wamp.Event); ok {
					gap, _ := event.Details.Bool("_gap")
					heard = append(heard, fmt.Sprint(ints(t, event.Payload)[0], gap))
				}
			}
			f.heard = nil
		}
		var want []string
		for _, n := range append(numbers(1, 10), numbers(41, 60)...) {
			want = append(want, fmt.Sprint(n, n == 41))
		}
		if !slices.Equal(heard, want) {
			t.Errorf("heard %v, want %v", heard, want)
		}
		f.client.Detach(outbox.CloseLost)
	})
}

func TestWithoutAJournalASubscriberIsToldThatNothingIsKept(t *testing.T) {
	r := router.New(router.Options{})
	r.AddRealm("app")
	m := enter(t, r, wamp.V2JSON)
	m.listen()
	m.heard = nil
	m.say(&wamp.Subscribe{Request: m.next.Next(), Topic: "t", Options: wamp.Dict{"_since": wamp.Dict{"_epoch": "x", "_seq": 7}}})
	m.listen()
	subscribed, ok := m.heard[0].(*wamp.Subscribed)
	if !ok || fmt.Sprint(subscribed.Details) != "map[_gap:true _live:true]" {
		t.Errorf("heard %+v", m.heard[0])
	}
}
