package presence

import (
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// outgoing is an event that waits to be published.
type outgoing struct {
	attendance Attendance
	change     change
	only       []wamp.ID // nil: all subscribers
}

// event is the keyword arguments of an event of a record.
type event struct {
	Attendance
	Change change `json:"change"`
}

// recordOf returns the record of a topic.
func recordOf(topic wamp.URI) (name string, ours bool) {
	return strings.CutPrefix(string(topic), TopicPrefix)
}

// changeLocked makes a change that concerns one person and queues the visible part of it. Caller must hold
// mu.
func (c *Component) changeLocked(r *record, p *person, do func()) {
	before := r.view(p.id)
	do()
	c.noteLocked(r, p, before)
}

// noteLocked queues the difference to the view of a person before, and deletes a record without people.
// Caller must hold mu.
func (c *Component) noteLocked(r *record, p *person, before view) {
	after := r.view(p.id)
	what, changed := compare(before, after)
	if changed {
		c.revision++
		r.revision = c.revision
		c.pushLocked(r, what, p)
	}
	if len(r.people) == 0 {
		c.stopLocked(r.throttled)
		delete(c.records, r.name)
	}
}

func (c *Component) pushLocked(r *record, what kind, p *person) {
	// That the last person left is published at once: the record, and its timer, end with that.
	if len(r.people) > MaxListed || r.throttled != nil && len(r.people) > 0 {
		c.throttleLocked(r)
		return
	}
	published := change{Kind: what}
	if what != kindState {
		published = change{Kind: what, ID: p.id, Name: p.name, Mode: p.mode()}
	}
	c.queue.Push(outgoing{attendance: r.attendance(), change: published})
}

// throttleLocked has the state of a crowded record published soon. Caller must hold mu.
func (c *Component) throttleLocked(r *record) {
	if r.throttled != nil || c.closed {
		return
	}
	r.throttled = c.afterLocked(throttleInterval, func() {
		r.throttled = nil
		if c.records[r.name] == r {
			c.queue.Push(outgoing{attendance: r.attendance(), change: change{Kind: kindState}})
		}
	})
}

// flush publishes the queued events in order. Must not hold mu.
func (c *Component) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.Drain(&c.mu, c.publish)
}

func (c *Component) publish(o outgoing) {
	topic := wamp.URI(TopicPrefix + o.attendance.Record)
	if !c.realm.MayReach(topic) {
		return
	}
	encoded, err := payload(event{Attendance: o.attendance, Change: o.change})
	if err != nil {
		c.log.Error("presence cannot be published", "record", o.attendance.Record, "error", err)
		return
	}
	_, err = c.realm.Publish(router.Publication{Topic: topic, Payload: encoded, Filter: publication.Filter{Eligible: o.only}})
	if err != nil {
		c.log.Error("presence was not published", "record", o.attendance.Record, "error", err)
	}
}
