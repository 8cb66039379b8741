package meta_test

import (
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// life is what the events of one subscription or registration have told so far.
type life struct {
	exists bool
	held   int
}

// lives listens to the four events of one kind of thing.
type lives struct {
	t  *testing.T
	mu sync.Mutex
	of map[wamp.ID]*life
}

func (all *lives) on(realm *router.Realm, topic wamp.URI, change func(*life)) {
	_, err := realm.Subscribe(topic, wamp.MatchExact, func(d router.LocalEvent) {
		var args []any
		if err := d.Payload.Decode(&args, nil); err != nil {
			all.t.Error(err)
		}
		event := wamp.Dict{"id": args[1]}
		if details, ok := event.Dict("id"); ok { // on_create tells more
			event = details
		}
		id, _ := event.ID("id")
		all.mu.Lock()
		defer all.mu.Unlock()
		if all.of[id] == nil {
			all.of[id] = &life{}
		}
		change(all.of[id])
	})
	if err != nil {
		all.t.Fatal(err)
	}
}

// watch checks the order: created, held, given up, deleted.
func watch(t *testing.T, realm *router.Realm, topics [4]wamp.URI) *lives {
	all := &lives{t: t, of: map[wamp.ID]*life{}}
	all.on(realm, topics[0], func(l *life) {
		if l.exists {
			t.Errorf("%s came twice", topics[0])
		}
		l.exists = true
	})
	all.on(realm, topics[1], func(l *life) {
		if l.held++; !l.exists {
			t.Errorf("%s came before %s", topics[1], topics[0])
		}
	})
	all.on(realm, topics[2], func(l *life) {
		if l.held--; !l.exists || l.held < 0 {
			t.Errorf("%s came before %s", topics[2], topics[1])
		}
	})
	all.on(realm, topics[3], func(l *life) {
		if !l.exists || l.held != 0 {
			t.Errorf("%s came while it was held by %d", topics[3], l.held)
		}
		l.exists = false
	})
	return all
}

func (all *lives) expectOver() {
	if len(all.of) == 0 {
		all.t.Error("nothing was told")
	}
	for id, l := range all.of {
		if l.exists || l.held != 0 {
			all.t.Errorf("%d was left as %+v", id, *l)
		}
	}
}

func TestMetaEventsTellALifeInOrder(t *testing.T) {
	r, realm := attached(t)
	subscriptions := watch(t, realm, [4]wamp.URI{
		"wamp.subscription.on_create", "wamp.subscription.on_subscribe", "wamp.subscription.on_unsubscribe", "wamp.subscription.on_delete",
	})
	registrations := watch(t, realm, [4]wamp.URI{
		"wamp.registration.on_create", "wamp.registration.on_register", "wamp.registration.on_unregister", "wamp.registration.on_delete",
	})
	var crowd sync.WaitGroup
	for n := range 8 {
		crowd.Go(func() {
			for i := range 50 {
				c := routertest.Join(t, r, routertest.Page{})
				c.Send(&wamp.Subscribe{Request: 1, Topic: "a"})
				c.Send(&wamp.Register{Request: 2, Procedure: "a", Options: wamp.Dict{"invoke": "random"}})
				if (i+n)%2 == 0 {
					giveBack(c)
				}
				c.Lose()
			}
		})
	}
	crowd.Wait()
	subscriptions.expectOver()
	registrations.expectOver()
}

// giveBack ends everything that the client was told it holds.
func giveBack(c *routertest.Client) {
	for _, message := range c.Received() {
		switch answer := message.(type) {
		case *wamp.Subscribed:
			c.Send(&wamp.Unsubscribe{Request: 3, Subscription: answer.Subscription})
		case *wamp.Registered:
			c.Send(&wamp.Unregister{Request: 4, Registration: answer.Registration})
		}
	}
}
