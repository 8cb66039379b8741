package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// localSubscriber is a component of the server that listens.
type localSubscriber struct {
	receive func(LocalEvent)
}

// LocalEvent is an event for a local subscriber.
type LocalEvent struct {
	Topic       wamp.URI
	Publication wamp.ID
	Payload     wamp.Payload
	Publisher   *Session // nil: the server itself
}

// Subscribe calls deliver for every publication that matches, in the publisher's goroutine, without
// a lock, whatever the publication's lists of receivers say. It must not block. After cancel a call
// that has begun may still be running.
func (r *Realm) Subscribe(topic wamp.URI, match wamp.Match, deliver func(LocalEvent)) (cancel func(), err error) {
	if err := topic.Check(r.router.options.URIs, match); err != nil {
		return nil, err
	}
	added := &localSubscriber{receive: deliver}
	sub := r.broker.openLocked(Subscription{Topic: topic, Match: match})
	sub.locals = append(slices.Clone(sub.locals), added)
	sub.mu.Unlock()
	return func() { r.broker.cancelLocal(sub, added) }, nil
}

func (b *broker) cancelLocal(sub *subscription, local *localSubscriber) {
	sub.mu.Lock()
	sub.locals = slices.DeleteFunc(slices.Clone(sub.locals), func(l *localSubscriber) bool { return l == local })
	b.unlockAndPrune(sub)
}
