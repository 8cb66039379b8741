package router

import (
	"sync"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// broker holds the subscriptions of a realm and finds those that a topic matches.
type broker struct {
	changes *changes
	meter   func(wamp.Subscription) *meter.Topic // of Options

	mu            sync.RWMutex // guards what follows
	last          wamp.Sequence
	subscriptions pattern.Map[subscription]
	ids           pattern.Table[wamp.ID, subscription] // the same, by id
}

func (b *broker) init(c *changes, m func(wamp.Subscription) *meter.Topic) {
	b.changes, b.meter = c, m
}

// match appends the subscriptions that a publication to topic goes to.
func (b *broker) match(found []*subscription, topic wamp.URI) []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.subscriptions.Match(found, topic)
}

// matches reports whether a publication to topic goes to any subscription.
func (b *broker) matches(topic wamp.URI) bool { return len(b.match(nil, topic)) > 0 }

// unlockAndPrune releases the lock of a subscription that was changed, and removes the subscription if it is unused.
// Caller must hold sub.mu and no lock of a higher rank.
func (b *broker) unlockAndPrune(sub *subscription) {
	unused := sub.unusedLocked()
	sub.mu.Unlock()
	if unused {
		b.prune(sub)
	}
}

// prune removes a subscription that is still unused.
func (b *broker) prune(sub *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if !sub.unusedLocked() || sub.pruned {
		return
	}
	sub.pruned = true
	b.changes.listening(sub.info, -1)
	b.subscriptions.Delete(sub.info.Topic, sub.info.Match)
	b.ids.Delete(sub.info.ID)
}

func (b *broker) count() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.subscriptions.Len()
}

func (b *broker) get(wanted wamp.Subscription) *subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.subscriptions.Get(wanted.Topic, wanted.Match)
}

func (b *broker) all() []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.subscriptions.All(make([]*subscription, 0, b.subscriptions.Len()))
}
