package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// SubscribeOptions change how a topic is subscribed.
type SubscribeOptions struct {
	// Match is how the topic matches publications.
	Match Match
	// ThisSession ends the subscription with the session; it is not restored after a reconnect.
	ThisSession bool

	// Last asks for the last so many events that the router keeps, before new ones; at most [MaxLast].
	Last int
	// Since asks for what was published after a position, before new events: the Position of an event that an earlier
	// run of the program has stored.
	Since Position
	// Retained asks for the retained event of the topic, or of each topic of a pattern. The Details of such an event
	// have retained: true. After a reconnect it is asked for again, unless the router keeps the topic: then the
	// subscription goes on where it was.
	Retained bool

	// OnGap is called, in order with the events, when events may be missing that cannot be had. The application should
	// load anew what it shows. nil: the gap is logged.
	OnGap func(Gap)
	// OnStatus is called, in order with the events, for changes of the status. If several come at once, it is called
	// with the newest.
	OnStatus func(Status)
}

// MaxLast is the largest [SubscribeOptions].Last.
const MaxLast = 1_000_000

func (o *SubscribeOptions) check() error {
	switch {
	case o.Last < 0 || o.Last > MaxLast:
		return fmt.Errorf("the option Last is %d: want 0 to %d", o.Last, MaxLast)
	case o.Last > 0 && !o.Since.IsZero():
		return errors.New("the options Last and Since are both set: use one")
	case !o.Since.IsZero() && o.Since.Epoch == "":
		return errors.New("the option Since has no Epoch: use the Position of an event")
	}
	return o.Match.check()
}

// start returns where the first request of the subscription begins.
func (o *SubscribeOptions) start() start {
	return start{since: o.Since, last: o.Last, retained: o.Retained}
}

// Subscription is one handler of a topic. A topic may have several.
type Subscription struct {
	client  *Client
	key     topicKey
	options SubscribeOptions
	handler func(*Event)
	lifecycle

	// guarded by client.mu
	shared   *sharedSubscription
	canceled bool     // no further event is wanted
	seen     Position // events up to it were delivered, if the router repeats them for other handlers
	status   Status
	told     Status // the one that OnStatus was told last
	telling  bool   // a change is queued for OnStatus
}

type topicKey struct {
	topic string
	match Match
}

// Subscribe calls handler for every event of the topic until Unsubscribe. It returns once the router has accepted it.
//
// After a reconnect the subscription is restored. If the router keeps the topic, what was missed comes first, each
// event once and in order. If something cannot be had any more, or if the router does not keep the topic, OnGap is
// called. A refusal after a reconnect ends the subscription, unless it is temporary ([Error.Temporary]): then it is
// requested again, after pauses as between reconnects.
//
// A handler that comes while others of its topic still catch up waits for that: Subscribe must not be called for the
// same topic by one of them.
func (c *Client) Subscribe(ctx context.Context, topic string, handler func(*Event), options *SubscribeOptions) (*Subscription, error) {
	s := &Subscription{client: c, handler: handler, lifecycle: newLifecycle()}
	if options != nil {
		s.options = *options
	}
	setDefault(&s.options.Match, MatchExact)
	s.key = topicKey{topic, s.options.Match}
	if err := s.check(ctx); err != nil {
		return nil, wrap(err, "subscribe to", topic)
	}
	c.mu.Lock()
	if err := c.closedLocked(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	s.status = Status{Freshness: CatchingUp, Since: time.Now()}
	s.told = s.status
	h := c.sharedLocked(s.key)
	s.shared, h.waiting = h, append(h.waiting, s)
	if c.link != nil {
		c.link.askLocked(h)
	}
	c.mu.Unlock()
	if err := s.wait(ctx); err != nil {
		s.cancel(nil)
		return nil, err
	}
	return s, nil
}

func (s *Subscription) check(ctx context.Context) error {
	switch {
	case ctx == nil:
		return errNoContext
	case s.handler == nil:
		return errors.New("the handler is nil")
	case s.key.topic == "" && s.key.match == MatchExact:
		return errors.New("the topic is empty")
	}
	return s.options.check()
}

// Status returns how far what the subscription has delivered can be trusted.
func (s *Subscription) Status() Status {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.status
}

// Unsubscribe ends the subscription and returns once the router has confirmed it. After Unsubscribe is called, no
// call of the handler begins.
func (s *Subscription) Unsubscribe(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
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
	s.endLocked(nil)
	h := s.shared
	h.removeLocked(s)
	if !c.releaseLocked(h, answer) && answer != nil {
		answer <- nil
	}
}

// endLocked ends the subscription for a reason. Caller must hold client.mu.
func (s *Subscription) endLocked(err error) {
	s.finishLocked(err)
	s.showLocked(Ended, err)
}

func (s *Subscription) wantsMore() bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return !s.canceled && !s.client.leaving
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

func matchOptions(match Match) wamp.Dict {
	if match == MatchExact {
		return wamp.Dict{}
	}
	return wamp.Dict{"match": string(match)}
}

// without returns the list without a subscription, as a copy.
func without(list []*Subscription, s *Subscription) []*Subscription {
	return slices.DeleteFunc(slices.Clone(list), func(other *Subscription) bool { return other == s })
}
