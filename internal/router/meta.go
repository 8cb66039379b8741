package router

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The meta events (WAMP, "Session Meta API", "Subscription Meta API", "Registration Meta API").
const (
	metaJoin        wamp.URI = "wamp.session.on_join"
	metaLeave       wamp.URI = "wamp.session.on_leave"
	metaCreate      wamp.URI = "wamp.subscription.on_create"
	metaSubscribe   wamp.URI = "wamp.subscription.on_subscribe"
	metaUnsubscribe wamp.URI = "wamp.subscription.on_unsubscribe"
	metaDelete      wamp.URI = "wamp.subscription.on_delete"

	metaRegistrationCreate wamp.URI = "wamp.registration.on_create"
	metaRegister           wamp.URI = "wamp.registration.on_register"
	metaUnregister         wamp.URI = "wamp.registration.on_unregister"
	metaRegistrationDelete wamp.URI = "wamp.registration.on_delete"
)

// meta tells who listens what happens in a realm. Events are noted at the moment of the change, under
// the lock of what changes, so that on_create precedes every on_subscribe; they are published once no
// lock is held, after the reply. Nothing is noted while nobody could hear it.
type meta struct {
	listeners atomic.Int64 // subscriptions that a topic below wamp can match
	pending   atomic.Bool  // there are events

	mu         sync.Mutex // guards what follows; no lock is taken under it
	events     []metaEvent
	publishing bool
}

type metaEvent struct {
	topic wamp.URI
	cause wamp.ID // the session that did it: it is not told, it knows
	args  []any
}

// heard reports whether an event about s would be heard.
func (m *meta) heard(s *Session) bool { return m.listeners.Load() > 0 && !s.silent.Load() }

func (m *meta) note(cause *Session, topic wamp.URI, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, metaEvent{topic: topic, cause: cause.id, args: args})
	m.pending.Store(true)
}

// listening counts the subscriptions that make events worth noting.
func (m *meta) listening(sub Subscription, change int64) {
	if pattern.MatchesFirst(sub.Topic, sub.Match, wamp.FirstProtocol) {
		m.listeners.Add(change)
	}
}

func (m *meta) joined(s *Session) {
	if m.heard(s) {
		m.note(s, metaJoin, s.details())
	}
}

func (m *meta) left(s *Session) {
	if m.heard(s) {
		m.note(s, metaLeave, s.id, s.identity.ID, s.identity.Role())
	}
}

// subscribed is called with the lock of the subscription held, after SUBSCRIBED was queued.
func (m *meta) subscribed(s *Session, sub *subscription) {
	if !m.heard(s) || isMeta(sub.info.Topic) {
		return
	}
	if len(sub.members) == 1 {
		m.note(s, metaCreate, s.id, sub.detailsLocked())
	}
	m.note(s, metaSubscribe, s.id, sub.info.ID)
}

// unsubscribed is called with the lock of the subscription held, after UNSUBSCRIBED was queued.
func (m *meta) unsubscribed(s *Session, sub *subscription) {
	if !m.heard(s) || isMeta(sub.info.Topic) {
		return
	}
	m.note(s, metaUnsubscribe, s.id, sub.info.ID)
	if len(sub.members) == 0 {
		m.note(s, metaDelete, s.id, sub.info.ID)
	}
}

// isMeta reports whether the URI is one of the router's own, which are not told about: that somebody
// watches is nobody's business, and watching would cause events about itself.
func isMeta(uri wamp.URI) bool {
	first, _, _ := strings.Cut(string(uri), ".")
	return first == wamp.FirstProtocol
}

// publishMeta publishes what was noted. If another goroutine is at it, that one publishes this too: so
// the events of a realm keep their order.
func (r *Realm) publishMeta() {
	m := &r.meta
	if !m.pending.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.publishing {
		return
	}
	m.publishing = true
	defer func() { m.publishing = false }()
	for len(m.events) > 0 {
		due := m.events
		m.events = nil
		r.publishMetaUnlocked(due)
	}
	m.pending.Store(false)
}

// publishMetaUnlocked gives up meta.mu, which it is called with, while it publishes.
func (r *Realm) publishMetaUnlocked(due []metaEvent) {
	r.meta.mu.Unlock()
	defer r.meta.mu.Lock()
	for _, event := range due {
		payload, err := wamp.NewPayload(event.args, nil)
		if err != nil {
			r.router.options.Logger.Error("a meta event was not encoded", "topic", string(event.topic), "error", err)
			continue
		}
		r.Publish(Publication{Topic: event.topic, Payload: payload, Filter: Filter{Exclude: []wamp.ID{event.cause}}})
	}
}

// details is what the session meta API tells of a session. Its address and its claims are not the
// business of its peers.
func (s *Session) details() wamp.Dict {
	return wamp.Dict{
		"session":      s.id,
		"authid":       s.identity.ID,
		"authrole":     s.identity.Role(),
		"authmethod":   s.identity.Method,
		"authprovider": s.identity.Provider,
	}
}

func (s *subscription) detailsLocked() wamp.Dict {
	return wamp.Dict{
		"id":      s.info.ID,
		"created": timestamp(s.created),
		"uri":     string(s.info.Topic),
		"match":   s.info.Match.String(),
	}
}

// timestamp is the specification's ISO 8601, in UTC and with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
