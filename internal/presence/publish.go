package presence

import (
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// outgoing is an event that waits to be published.
type outgoing struct {
	event event
	only  []wamp.ID // nil: all subscribers
}

// recordOf returns the record of a topic.
func recordOf(topic wamp.URI) (name string, ours bool) {
	return strings.CutPrefix(string(topic), TopicPrefix)
}

// changeLocked makes a change that concerns one person and has the visible part of it published. Caller must hold
// mu.
func (c *Component) changeLocked(r *record, p *person, do func()) {
	before := r.view(p.id)
	do()
	c.noteLocked(r, p, before)
}

// noteLocked has the difference to the view of a person before published. Caller must hold mu.
func (c *Component) noteLocked(r *record, p *person, before view) {
	if r.view(p.id) == before {
		return
	}
	c.revision++
	r.revision = c.revision
	r.note(p, before)
	c.publishSoonLocked(r)
}

// publishSoonLocked publishes the changes of a record at once if the interval since its last event has passed. Else
// they are one event at the end of the interval: a user cannot make a record cost more. Caller must hold mu.
func (c *Component) publishSoonLocked(r *record) {
	if r.timer != nil {
		return
	}
	if wait := time.Until(r.next); wait > 0 {
		c.setTimerLocked(r, wait)
		return
	}
	c.publishLocked(r)
}

// publishLocked queues the event of a record. Caller must hold mu.
func (c *Component) publishLocked(r *record) {
	c.queue.Push(outgoing{event: r.takeEvent()})
	interval := c.interval
	if len(r.people) > MaxListed {
		interval *= crowdFactor
	}
	r.next = time.Now().Add(interval)
	if len(r.people) == 0 {
		c.setTimerLocked(r, interval)
	}
}

// setTimerLocked has a record looked at again. A record at rest has no timer. Caller must hold mu.
func (c *Component) setTimerLocked(r *record, wait time.Duration) {
	r.timer = c.afterLocked(wait, func() {
		r.timer = nil
		switch {
		case len(r.waiting) > 0:
			c.publishLocked(r)
		case len(r.people) == 0:
			delete(c.records, r.name)
		}
	})
}

// sendStateLocked queues the people at a record for one session. Caller must hold mu.
func (c *Component) sendStateLocked(s *router.Session, name string) {
	r := c.records[name]
	if r == nil {
		r = &record{name: name, revision: c.revision}
	}
	c.queue.Push(outgoing{event: r.state(), only: []wamp.ID{s.ID()}})
}

// flush publishes the queued events in order. Must not hold mu.
func (c *Component) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.Drain(&c.mu, c.publish)
}

func (c *Component) publish(o outgoing) {
	topic := wamp.URI(TopicPrefix + o.event.Record)
	if !c.realm.MayReach(topic) {
		return
	}
	encoded, err := payload(o.event)
	if err != nil {
		c.log.Error("presence cannot be published", "record", o.event.Record, "error", err)
		return
	}
	_, err = c.realm.Publish(router.Publication{Topic: topic, Payload: encoded, Filter: publication.Filter{Eligible: o.only}})
	if err != nil {
		c.log.Error("presence was not published", "record", o.event.Record, "error", err)
	}
}
