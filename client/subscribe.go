package client

import (
	"context"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Event is one publication on a subscribed topic. Handlers of the same topic share it, so a handler must not change
// it.
type Event struct {
	Payload

	// Topic is the topic of the publication, also if the subscription is for a pattern.
	Topic       string
	Publication uint64
	// Publisher is the session of the publisher, with its user and role, if disclosed.
	Publisher         uint64
	PublisherAuthID   string
	PublisherAuthRole string
	// Sender is the user or backend that the event comes from, as the server knows it, where the contract of the topic
	// has sender: true. nil: the event comes from the server itself, or from the program around it.
	Sender *Sender
	// Details holds all details of the event.
	Details map[string]any
}

// SubscribeOptions change how a topic is subscribed.
type SubscribeOptions struct {
	// Match is how the topic matches publications.
	Match Match
	// ThisSession ends the subscription with the session; it is not restored after a reconnect.
	ThisSession bool
	// Retained asks for the retained event of the topic, or of each topic of a pattern, also after a reconnect. The
	// Details of such an event have retained: true.
	Retained bool
}

// Subscription is one handler of a topic. A topic may have several.
type Subscription struct {
	client  *Client
	key     topicKey
	options SubscribeOptions
	handler func(*Event)
	lifecycle

	canceled bool // no further event is wanted; guarded by client.mu
}

type topicKey struct {
	topic string
	match Match
}

// sharedSubscription is one subscription as the router counts: all of a session's subscriptions of one topic and
// match share it.
type sharedSubscription struct {
	key      topicKey
	id       wamp.ID         // 0 until the router has answered
	members  []*Subscription // replaced, never changed: pending events share it
	inFlight int             // SUBSCRIBEs without an answer
}

// pendingEvent is an event that waits for its handlers.
type pendingEvent struct {
	members []*Subscription
	topic   string
	event   *wamp.Event
}

// Subscribe calls handler for every event of the topic until Unsubscribe, and is restored after a reconnect. It
// returns once the router has accepted it. A refusal after a reconnect ends the subscription, unless it is temporary
// ([Error.Temporary]): then it is requested again, after pauses as between reconnects.
func (c *Client) Subscribe(ctx context.Context, topic string, handler func(*Event), options *SubscribeOptions) (*Subscription, error) {
	s := &Subscription{client: c, handler: handler, lifecycle: newLifecycle()}
	if options != nil {
		s.options = *options
	}
	setDefault(&s.options.Match, MatchExact)
	s.key = topicKey{topic, s.options.Match}
	c.mu.Lock()
	if err := c.closedLocked(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	c.subscriptions = append(c.subscriptions, s)
	if c.link != nil {
		c.link.subscribeLocked(s)
	}
	c.mu.Unlock()
	if err := s.wait(ctx); err != nil {
		s.cancel(nil)
		return nil, err
	}
	return s, nil
}

// Unsubscribe ends the subscription and returns once the router has confirmed it. After Unsubscribe is called, no
// call of the handler begins.
func (s *Subscription) Unsubscribe(ctx context.Context) error {
	answer := make(chan error, 1)
	s.cancel(answer)
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cancel ends the subscription. answer, if not nil, gets the router's answer, or nil at once if no request is needed.
func (s *Subscription) cancel(answer chan error) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	s.canceled = true
	s.finishLocked(nil)
	c.subscriptions = slices.DeleteFunc(c.subscriptions, func(other *Subscription) bool { return other == s })
	if l := c.link; l != nil {
		if h := l.topics[s.key]; h != nil {
			h.remove(s)
			if l.releaseLocked(h, answer) {
				return
			}
		}
	}
	if answer != nil {
		answer <- nil
	}
}

// subscribeLocked sends SUBSCRIBE. Caller must hold client.mu.
func (l *link) subscribeLocked(s *Subscription) {
	h := l.topics[s.key]
	if h == nil {
		h = &sharedSubscription{key: s.key}
		l.topics[s.key] = h
	}
	message := func(id wamp.ID) wamp.Message {
		return &wamp.Subscribe{Request: id, Options: s.options.dict(), Topic: wamp.URI(s.key.topic)}
	}
	h.inFlight++
	settle := func(m wamp.Message, err error) {
		h.inFlight--
		l.subscribedLocked(h, s, m, err)
	}
	if _, err := l.requestLocked(wamp.CodeSubscribe, outbound{message: message, settle: settle}); err != nil {
		settle(nil, err)
	}
}

func (l *link) subscribedLocked(h *sharedSubscription, s *Subscription, m wamp.Message, err error) {
	if isLost(err) {
		return // still wanted: the next session asks again
	}
	if subscribed, ok := m.(*wamp.Subscribed); ok {
		h.id = subscribed.Subscription
		l.held[h.id] = h
		if !s.canceled {
			h.members = append(slices.Clone(h.members), s)
			s.settleLocked()
		}
	} else if s.canceled || !s.laterLocked(l, err, func() { l.subscribeLocked(s) }) {
		l.client.subscriptions = slices.DeleteFunc(l.client.subscriptions, func(other *Subscription) bool { return other == s })
		s.finishLocked(err)
	}
	l.releaseLocked(h, nil)
}

func (h *sharedSubscription) remove(s *Subscription) {
	h.members = slices.DeleteFunc(slices.Clone(h.members), func(other *Subscription) bool { return other == s })
}

// releaseLocked sends UNSUBSCRIBE for a subscription without handlers, and reports whether answer will be sent to. A
// SUBSCRIBE under way keeps the subscription, because the router counts all of them as one. Caller must hold
// client.mu.
func (l *link) releaseLocked(h *sharedSubscription, answer chan error) bool {
	if len(h.members) > 0 || h.inFlight > 0 {
		return false
	}
	delete(l.topics, h.key)
	if h.id == 0 {
		return false
	}
	delete(l.held, h.id)
	_, err := l.requestLocked(wamp.CodeUnsubscribe, outbound{
		message: func(id wamp.ID) wamp.Message { return &wamp.Unsubscribe{Request: id, Subscription: h.id} },
		settle:  func(_ wamp.Message, err error) { tell(answer, err) },
	})
	if err != nil {
		tell(answer, err)
	}
	return true
}

// tell sends the result of an unsubscription or unregistration. The end of the session counts as success.
func tell(answer chan error, err error) {
	if answer == nil {
		return
	}
	if isLost(err) {
		err = nil
	}
	answer <- err
}

// revokeSubscription ends a subscription that the router has revoked.
func (l *link) revokeSubscription(details wamp.Dict) {
	id, _ := details.ID("subscription") // without an id there is no subscription to end
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	h := l.held[id]
	if h == nil {
		return
	}
	why := revocation(details)
	for _, s := range h.members {
		s.finishLocked(why)
	}
	c.subscriptions = slices.DeleteFunc(c.subscriptions, func(s *Subscription) bool {
		return slices.Contains(h.members, s)
	})
	delete(l.held, id)
	h.id, h.members = 0, nil
	if h.inFlight == 0 { // otherwise a SUBSCRIBE that crossed this gets another subscription
		delete(l.topics, h.key)
	}
}

// event passes an event to the dispatcher. It blocks while the dispatcher is busy, for at most HandlerPatience.
func (l *link) event(m *wamp.Event) error {
	c := l.client
	c.mu.Lock()
	h := l.held[m.Subscription]
	var d pendingEvent
	if h != nil {
		d = pendingEvent{members: h.members, topic: h.key.topic, event: m}
	}
	c.mu.Unlock()
	if len(d.members) == 0 {
		return nil // EVENT and UNSUBSCRIBE have crossed
	}
	select {
	case c.events <- d:
		return nil
	default:
	}
	patience := time.NewTimer(c.config.Limits.HandlerPatience)
	defer patience.Stop()
	select {
	case c.events <- d:
		return nil
	case <-patience.C:
		return ErrSlowHandler
	case <-c.life.Done():
		return ErrClosed
	}
}

// dispatch calls the handlers of events, one after the other, until the client has ended.
func (c *Client) dispatch() {
	for d := range c.events {
		payload, err := payloadFromWAMP(d.event.Payload)
		if err != nil {
			c.config.Logger.Warn("event with an undecodable payload", "topic", d.topic, "error", err)
			continue
		}
		e := newEvent(d, payload)
		for _, s := range d.members {
			if s.wantsMore() {
				s.handler(e)
			}
		}
	}
}

func (s *Subscription) wantsMore() bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return !s.canceled && !s.client.leaving
}

func newEvent(d pendingEvent, payload Payload) *Event {
	details := d.event.Details
	e := &Event{Payload: payload, Topic: d.topic, Publication: uint64(d.event.Publication), Details: wamp.PlainMap(details)}
	if topic, ok := details.String("topic"); ok {
		e.Topic = topic
	}
	publisher, _ := details.ID("publisher") // absent unless disclosed, as are the next two
	e.Publisher = uint64(publisher)
	e.PublisherAuthID, _ = details.String("publisher_authid")
	e.PublisherAuthRole, _ = details.String("publisher_authrole")
	e.Sender = senderOf(details)
	return e
}

func (o *SubscribeOptions) dict() wamp.Dict {
	d := matchOptions(o.Match)
	if o.Retained {
		d["get_retained"] = true
	}
	return d
}

func matchOptions(match Match) wamp.Dict {
	if match == MatchExact {
		return wamp.Dict{}
	}
	return wamp.Dict{"match": string(match)}
}
