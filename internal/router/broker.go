package router

import (
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// broker holds the subscriptions of a realm and finds those that a topic matches.
type broker struct {
	changes       *changes
	meter         func(wamp.Subscription) *meter.Topic // of Options
	subscriptions pattern.Index[subscription]
	intercepts    atomic.Bool // there was an interceptor
	interceptors  sync.Map    // topic -> *localSubscriber
}

func (b *broker) init(c *changes, m func(wamp.Subscription) *meter.Topic) {
	b.changes, b.meter = c, m
}

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
	b.subscriptions.Mu.Lock()
	defer b.subscriptions.Mu.Unlock()
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if !sub.unusedLocked() || sub.pruned {
		return
	}
	sub.pruned = true
	b.changes.listening(sub.info, -1)
	b.subscriptions.DeleteLocked(sub.info.Topic, sub.info.Match, sub.info.ID)
}

func (b *broker) get(wanted wamp.Subscription) *subscription {
	return b.subscriptions.Get(wanted.Topic, wanted.Match)
}
