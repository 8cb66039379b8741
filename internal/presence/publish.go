package presence

import (
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// outgoing is an event that waits to be published.
type outgoing struct {
	attendance Attendance
	change     change
	only       []wamp.ID // nil: everybody
}

// event is what who watches a record gets, as keyword arguments.
type event struct {
	Attendance
	Change change `json:"change"`
}

// recordOf gives the record that a topic is about.
func recordOf(topic wamp.URI) (name string, ours bool) {
	return strings.CutPrefix(string(topic), TopicPrefix)
}

// changeLocked makes a change that concerns one person and queues what others can see of it.
func (c *Component) changeLocked(r *record, p *person, do func()) {
	before := r.look(p.id)
	do()
	c.tellLocked(r, p, before)
}

// tellLocked queues the difference to what a person looked like before, and forgets a record that
// nobody is at.
func (c *Component) tellLocked(r *record, p *person, before look) {
	after := r.look(p.id)
	what, changed := compare(before, after)
	if changed {
		c.revision++
		r.revision = c.revision
		c.queueLocked(r, what, p)
	}
	if len(r.people) == 0 {
		c.stopLocked(r.crowded)
		delete(c.records, r.name)
	}
}

func (c *Component) queueLocked(r *record, what kind, p *person) {
	// The last one to go is told at once: the record, and its timer, end with that.
	if len(r.people) > MaxListed || r.crowded != nil && len(r.people) > 0 {
		c.crowdLocked(r)
		return
	}
	said := change{Kind: what}
	if what != kindState {
		said = change{Kind: what, ID: p.id, Name: p.name, Mode: p.mode()}
	}
	c.queue = append(c.queue, outgoing{attendance: r.attendance(), change: said})
}

// crowdLocked sees that the state of a crowd is told soon.
func (c *Component) crowdLocked(r *record) {
	if r.crowded != nil || c.closed {
		return
	}
	r.crowded = c.afterLocked(crowdInterval, func() {
		r.crowded = nil
		if c.records[r.name] == r {
			c.queue = append(c.queue, outgoing{attendance: r.attendance(), change: change{Kind: kindState}})
		}
	})
}

// flush publishes what is queued, in order. If another goroutine is at it, that one publishes this too.
func (c *Component) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.publishing {
		return
	}
	c.publishing = true
	defer func() { c.publishing = false }()
	for len(c.queue) > 0 {
		due := c.queue
		c.queue = nil
		c.publishUnlocked(due)
	}
}

// publishUnlocked gives up the lock that it is called with while it publishes, and holds it again
// on return, also after a panic.
func (c *Component) publishUnlocked(due []outgoing) {
	c.mu.Unlock()
	defer c.mu.Lock()
	for _, o := range due {
		c.publish(o)
	}
}

func (c *Component) publish(o outgoing) {
	topic := wamp.URI(TopicPrefix + o.attendance.Record)
	if c.realm.Subscribers(topic) == 0 {
		return
	}
	encoded, err := payload(event{Attendance: o.attendance, Change: o.change})
	if err != nil {
		c.log.Error("presence cannot be told", "record", o.attendance.Record, "error", err)
		return
	}
	c.realm.Publish(router.Publication{Topic: topic, Payload: encoded, Filter: router.Filter{Eligible: o.only}})
}
