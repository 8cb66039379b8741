package client

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// eventDelivery calls the handlers of an event.
type eventDelivery struct {
	members []*Subscription
	topic   string
	event   *wamp.Event
	before  Position // of the event before it
}

func (d *eventDelivery) deliver(c *Client) {
	payload, err := payloadFromWAMP(d.event.Payload)
	if err != nil {
		c.config.Logger.Warn("event with an undecodable payload", "topic", d.topic, "error", err)
		unreadable := &gapDelivery{d.members, d.topic, Gap{From: d.before, To: positionOf(d.event.Details), Kept: true}}
		unreadable.deliver(c)
		return
	}
	e := newEvent(d.topic, d.event, payload)
	for _, s := range d.members {
		if s.wantsMore() {
			c.guard("the handler of an event", e.Topic, func() { s.handler(e) })
		}
	}
}

// gapDelivery tells that events are missing.
type gapDelivery struct {
	members []*Subscription
	topic   string
	gap     Gap
}

func (d *gapDelivery) deliver(c *Client) {
	for _, s := range d.members {
		switch {
		case !s.wantsMore():
		case s.options.OnGap != nil:
			c.guard("OnGap", d.topic, func() { s.options.OnGap(d.gap) })
		default:
			c.config.Logger.Warn("events may be missing; set OnGap to be told", "topic", d.topic, "gap", d.gap.String())
		}
	}
}

// freshDelivery comes behind the events that have made a subscription live, or thinned.
type freshDelivery struct {
	shared    *sharedSubscription
	turn      int
	freshness Freshness
}

func (d *freshDelivery) deliver(c *Client) {
	for _, s := range d.show(c) { // here, and not behind the events that wait
		statusDelivery{s}.deliver(c)
	}
}

// show changes the status of the members, and returns those that are to be told.
func (d *freshDelivery) show(c *Client) (told []*Subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.turn != d.shared.turn { // it has been interrupted since
		return nil
	}
	for _, s := range d.shared.members {
		if s.changeLocked(d.freshness, nil) && s.options.OnStatus != nil {
			told = append(told, s)
		}
	}
	return told
}

// statusDelivery tells the newest status of a subscription.
type statusDelivery struct{ subscription *Subscription }

func (d statusDelivery) deliver(c *Client) {
	s := d.subscription
	c.mu.Lock()
	s.telling = false
	status := s.status
	changed := !status.isSame(s.told) && !s.canceled && !c.leaving
	s.told = status
	c.mu.Unlock()
	if changed {
		c.guard("OnStatus", s.key.topic, func() { s.options.OnStatus(status) })
	}
}

// changeLocked changes the status, and reports whether it is another one. Caller must hold client.mu.
func (s *Subscription) changeLocked(freshness Freshness, err error) bool {
	next := s.status.follow(freshness, err, time.Now())
	if next.isSame(s.status) {
		return false
	}
	s.status = next
	s.client.showLocked()
	return true
}

// showLocked changes the status, and queues that for OnStatus. Caller must hold client.mu.
func (s *Subscription) showLocked(freshness Freshness, err error) {
	if s.changeLocked(freshness, err) && s.options.OnStatus != nil && !s.telling {
		s.telling = true
		s.client.inbox.put(statusDelivery{s})
	}
}

// clientStatusDelivery tells the newest status of the client.
type clientStatusDelivery struct{}

func (clientStatusDelivery) deliver(c *Client) {
	c.mu.Lock()
	c.telling = false
	status := c.statusLocked()
	changed := !status.isSame(c.told) && !c.leaving
	c.told = status
	c.mu.Unlock()
	if changed {
		c.guard("Config.OnStatus", "", func() { c.config.OnStatus(status) })
	}
}

// showLocked queues a change of the client's status for OnStatus. Caller must hold mu.
func (c *Client) showLocked() {
	if c.config.OnStatus != nil && !c.telling {
		c.telling = true
		c.inbox.put(clientStatusDelivery{})
	}
}

// Status returns the worst status of the connection and of all subscriptions. It is [Live] if everything that the
// client has subscribed to was delivered.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statusLocked()
}

func (c *Client) statusLocked() Status {
	worst := c.connection
	for _, h := range c.shared {
		for _, s := range h.members {
			if s.status.worse(worst) {
				worst = s.status
			}
		}
	}
	return worst
}
