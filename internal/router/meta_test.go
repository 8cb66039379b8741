package router_test

import (
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// life is what the events of one subscription have told so far.
type life struct {
	exists      bool
	subscribers int
}

func TestMetaEventsTellALifeInOrder(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	lives := map[int]*life{}
	var mu sync.Mutex
	on := func(topic wamp.URI, change func(*life)) {
		_, err := realm.Subscribe(topic, wamp.MatchExact, func(d router.Delivery) {
			var args []any
			if err := d.Payload.Decode(&args, nil); err != nil {
				t.Error(err)
			}
			details, _ := args[1].(wamp.Dict)
			id, ok := details.ID("id")
			if !ok {
				id, _ = wamp.Dict{"id": args[1]}.ID("id")
			}
			mu.Lock()
			defer mu.Unlock()
			if lives[int(id)] == nil {
				lives[int(id)] = &life{}
			}
			change(lives[int(id)])
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	on("wamp.subscription.on_create", func(l *life) {
		if l.exists {
			t.Error("created twice")
		}
		l.exists = true
	})
	on("wamp.subscription.on_subscribe", func(l *life) {
		if l.subscribers++; !l.exists {
			t.Error("subscribed before it was created")
		}
	})
	on("wamp.subscription.on_unsubscribe", func(l *life) {
		if l.subscribers--; !l.exists || l.subscribers < 0 {
			t.Error("unsubscribed before it was subscribed")
		}
	})
	on("wamp.subscription.on_delete", func(l *life) {
		if !l.exists || l.subscribers != 0 {
			t.Errorf("deleted with %d subscribers", l.subscribers)
		}
		l.exists = false
	})

	var crowd sync.WaitGroup
	for n := range 8 {
		crowd.Go(func() {
			for i := range 50 {
				m := enter(t, r, wamp.V2JSON)
				m.say(&wamp.Subscribe{Request: 1, Topic: "a"})
				m.say(&wamp.Subscribe{Request: 2, Topic: "b"})
				if (i+n)%2 == 0 {
					m.listen()
					for _, message := range m.heard {
						if s, ok := message.(*wamp.Subscribed); ok {
							m.say(&wamp.Unsubscribe{Request: 3, Subscription: s.Subscription})
						}
					}
				}
				m.client.Gone(router.CloseLost)
			}
		})
	}
	crowd.Wait()
	if len(lives) == 0 {
		t.Error("nothing was told")
	}
	for id, l := range lives {
		if l.exists || l.subscribers != 0 {
			t.Errorf("subscription %d was left as %+v", id, *l)
		}
	}
}
