package router_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	raceTopics       = 3
	racePublishers   = 4
	racePublications = 400 // of each publisher
	raceSubscribers  = 8
)

// Publishers publish while subscribers join, leave, subscribe and unsubscribe. Each subscriber reads its frames like a
// strict client, which treats everything that WAMP does not allow as an error.
func TestOrderIsKeptWhileSubscribersJoinAndLeave(t *testing.T) {
	r := router.New(router.Options{Limits: meter.Limits{MessageBurst: 1 << 30, OutboxFrames: 1 << 20, OutboxBytes: 1 << 30}})
	realm := r.AddRealm("app")
	watch := &watcher{t: t, open: map[*router.Session]map[wamp.ID]bool{}}
	defer realm.Observe(watch)()

	var publishing, subscribing sync.WaitGroup
	var done atomic.Bool
	for number := range racePublishers {
		publishing.Go(func() { publishInOrder(enter(t, r, wamp.V2JSON), number) })
	}
	for number := range raceSubscribers {
		subscribing.Go(func() {
			for round := 0; !done.Load() || round == 0; round++ {
				subscribeAtRandom(t, r, rand.New(rand.NewPCG(uint64(number), uint64(round))), &done)
			}
		})
	}
	publishing.Wait()
	done.Store(true)
	subscribing.Wait()
	if stats := r.Stats(); stats.Clients+stats.Sessions+stats.Subscriptions != 0 {
		t.Errorf("something is left behind: %+v", stats)
	}
	watch.end()
}

func publishInOrder(m *member, number int) {
	for n := range racePublications {
		m.say(&wamp.Publish{
			Request: m.next.Next(),
			Topic:   raceTopic(n % raceTopics),
			Payload: args(m.t, number, n),
		})
	}
	m.client.Detach(outbox.CloseLost)
}

func raceTopic(n int) wamp.URI { return wamp.URI("race." + string(rune('a'+n))) }

// subscribeAtRandom joins one subscriber, which subscribes and unsubscribes at random until it leaves.
func subscribeAtRandom(t *testing.T, r *router.Router, rnd *rand.Rand, done *atomic.Bool) {
	m := enter(t, r, wamp.V2JSON)
	reader := newStrictReader(t)
	var killing sync.WaitGroup
	for step := 0; step < 60 && (step == 0 || !done.Load()); step++ {
		if held := reader.anyHeld(); held != 0 && rnd.IntN(2) == 0 {
			reader.ending = held
			m.say(&wamp.Unsubscribe{Request: m.next.Next(), Subscription: held})
		} else {
			options, topic := wamp.Dict{}, raceTopic(rnd.IntN(raceTopics))
			if rnd.IntN(3) == 0 {
				options["match"], topic = "prefix", "race."
			}
			m.say(&wamp.Subscribe{Request: m.next.Next(), Options: options, Topic: topic})
		}
		m.listen()
		reader.read(m.heard)
		m.heard = nil
		if step == 40 && rnd.IntN(2) == 0 {
			killing.Go(func() { m.client.Session().Kill("", "at random") })
		}
	}
	killing.Wait()
	m.client.Detach(outbox.CloseLost)
	m.listen()
	reader.read(m.heard)
}

// strictReader checks the messages of one subscriber against the guarantees of the router.
type strictReader struct {
	t    *testing.T
	held map[wamp.ID]map[int]int // subscription -> publisher -> the last number
	last map[int]int             // publisher -> the last number, over all subscriptions
	over bool

	ending wamp.ID // the subscription of the pending UNSUBSCRIBE; one at a time
}

func newStrictReader(t *testing.T) *strictReader {
	return &strictReader{t: t, held: map[wamp.ID]map[int]int{}, last: map[int]int{}}
}

func (s *strictReader) anyHeld() wamp.ID {
	for id := range s.held {
		return id
	}
	return 0
}

func (s *strictReader) read(messages []wamp.Message) {
	for _, message := range messages {
		if s.over {
			s.t.Errorf("%s after GOODBYE", message.Code())
		}
		switch m := message.(type) {
		case *wamp.Subscribed:
			if s.held[m.Subscription] == nil {
				s.held[m.Subscription] = map[int]int{}
			}
		case *wamp.Unsubscribed:
			delete(s.held, s.ending)
		case *wamp.Goodbye:
			s.over = true
		case *wamp.Event:
			s.event(m)
		}
	}
}

func (s *strictReader) event(m *wamp.Event) {
	numbers, ok := s.held[m.Subscription]
	if !ok {
		s.t.Errorf("EVENT of subscription %d, which is not held", m.Subscription)
		return
	}
	from := ints(s.t, m.Payload)
	publisher, n := from[0], from[1]
	if last, again := numbers[publisher]; again && n <= last {
		s.t.Errorf("publisher %d: %d came after %d in one subscription", publisher, n, last)
	}
	if last, again := s.last[publisher]; again && n < last {
		s.t.Errorf("publisher %d: %d came after %d", publisher, n, last)
	}
	numbers[publisher], s.last[publisher] = n, n
}

// watcher checks the guarantees for observers: for each session one call at a time, Joined first, Left last, and as
// many Unsubscribed as Subscribed.
type watcher struct {
	router.NoObserver
	t    *testing.T
	mu   sync.Mutex
	open map[*router.Session]map[wamp.ID]bool
	gone int
}

func (w *watcher) Joined(s *router.Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[s] = map[wamp.ID]bool{}
}

func (w *watcher) Left(s *router.Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if held, ok := w.open[s]; !ok || len(held) != 0 {
		w.t.Errorf("a session left that was here %v and held %v", ok, held)
	}
	delete(w.open, s)
	w.gone++
}

func (w *watcher) Subscribed(s *router.Session, sub wamp.Subscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if held, ok := w.open[s]; !ok || held[sub.ID] {
		w.t.Errorf("subscribed to %d: here %v, held already %v", sub.ID, ok, held[sub.ID])
		return
	}
	w.open[s][sub.ID] = true
}

func (w *watcher) Unsubscribed(s *router.Session, sub wamp.Subscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.open[s][sub.ID] {
		w.t.Errorf("unsubscribed from %d, which was not held", sub.ID)
	}
	delete(w.open[s], sub.ID)
}

func (w *watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.open) != 0 || w.gone < racePublishers+raceSubscribers {
		w.t.Errorf("%d sessions never left, %d did", len(w.open), w.gone)
	}
}
