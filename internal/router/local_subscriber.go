package router

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// LocalEvent is an event for a local subscriber.
type LocalEvent struct {
	Topic       wamp.URI
	Publication wamp.ID
	Payload     wamp.Payload
	Publisher   *Session       // nil: the server itself
	Sender      *peer.Identity // that the event names; nil: none
}

// Subscribe calls deliver for every publication that matches, whatever its lists of receivers say. deliver runs in the
// goroutine of a publisher, without a lock. It must not block for long; it may publish. After cancel a call that has
// begun may still be running.
//
// Events of topics that are not kept come in the goroutines of their publishers, several at a time. Events of kept
// topics come one at a time, in the order in which they are kept. Those of one publisher always keep their order.
func (r *Realm) Subscribe(topic wamp.URI, match wamp.Match, deliver func(LocalEvent)) (cancel func(), err error) {
	if err := topic.Check(r.router.options.URIs, match); err != nil {
		return nil, err
	}
	added := &localSubscriber{receive: deliver, log: r.router.options.Logger}
	sub := r.broker.openLocked(wamp.Subscription{Topic: topic, Match: match})
	sub.locals = append(slices.Clone(sub.locals), added)
	sub.mu.Unlock()
	return func() { r.broker.cancelLocal(sub, added) }, nil
}

// Intercept passes each publication to a topic to take, in place of its delivery, until cancel. It runs as the function
// of [Realm.Subscribe] does. A topic has one interceptor at most. What is intercepted is not kept, and counts no event.
// Publications that are Direct are delivered.
func (r *Realm) Intercept(topic wamp.URI, take func(LocalEvent)) (cancel func()) {
	r.broker.interceptors.Store(topic, &localSubscriber{receive: take, log: r.router.options.Logger})
	r.broker.intercepts.Store(true)
	return func() { r.broker.interceptors.Delete(topic) }
}

// intercepted passes a run of publications to the interceptor of its topic. It returns false if there is none.
func (b *broker) intercepted(run []Publication) bool {
	if !b.intercepts.Load() || run[0].Direct {
		return false
	}
	found, ok := b.interceptors.Load(run[0].Topic)
	for i := 0; ok && i < len(run); i++ {
		found.(*localSubscriber).pass(run[i].local())
	}
	return ok
}

// local returns the publication as components get it.
func (p *Publication) local() LocalEvent {
	return LocalEvent{Topic: p.Topic, Publication: p.ID, Payload: p.Payload, Publisher: p.Publisher, Sender: p.Sender}
}

func (b *broker) cancelLocal(sub *subscription, local *localSubscriber) {
	local.canceled.Store(true)
	sub.mu.Lock()
	sub.locals = slices.DeleteFunc(slices.Clone(sub.locals), func(l *localSubscriber) bool { return l == local })
	b.unlockAndPrune(sub)
}

// localSubscriber is a component of the server that subscribes.
type localSubscriber struct {
	receive  func(LocalEvent)
	log      *slog.Logger
	canceled atomic.Bool
	queue    queue.Mailbox[LocalEvent] // of kept topics, and what came behind them
}

// deliver passes an event of a topic that is not kept on. If events are queued, it comes behind them.
func (l *localSubscriber) deliver(event LocalEvent) {
	if l.queue.Empty() {
		l.pass(event)
		return
	}
	event.Payload = event.Payload.Clone() // another goroutine may pass it on after the publisher has reused its bytes
	l.queue.Put(event)
	l.queue.Drain(l.pass)
}

// pass calls the component with one event. It recovers: the publisher, whose goroutine it is, has done nothing wrong.
func (l *localSubscriber) pass(event LocalEvent) {
	defer func() {
		if fault := recover(); fault != nil {
			l.log.Error("a component panicked on an event",
				"topic", string(event.Topic), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	if !l.canceled.Load() {
		l.receive(event)
	}
}
