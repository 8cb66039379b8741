package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// catchUp brings a subscriber from its start to now. The journal answers in pages, of which a page fits into half an
// outbox:
//
//	read      the first page, with no lock held
//	attach    under the locks of the subscription and the client: SUBSCRIBED, the page, and, if that was the last one,
//	          what came since: now the member has its place in the order, and fan-out goes on from there
//	proceed   otherwise fan-out passes the member over, and a goroutine sends one page after the other, as the outbox
//	          has room
//
// So no publication is missing, and none comes twice. What is not kept has no order: it is delivered meanwhile.
type catchUp struct {
	session *Session
	start   start
	prev    uint64 // the Seq that the client has
	upto    uint64 // all up to this Seq was sent

	first    publication.SincePage
	retained publication.RetainedPage
}

// readFirst asks the journal for the first page, and charges the session.
func (r *Realm) readFirst(s *Session, sub wamp.Subscription, from start) *catchUp {
	c := &catchUp{session: s, start: from}
	c.read(sub)
	s.ChargeQuery(c.retained.Work)
	s.ChargeQuery(c.first.Work)
	return c
}

// read asks the journal for the first page.
func (c *catchUp) read(sub wamp.Subscription) {
	journal := c.session.realm.journal
	switch {
	case c.start.retained:
		limits := c.session.realm.router.limits()
		c.retained = journal.Retained(publication.RetainedQuery{
			Subscription: sub, Admits: c.admits(), MaxEntries: limits.OutboxFrames / 2, MaxBytes: limits.OutboxBytes / 2,
		})
		c.first = publication.SincePage{From: c.retained.Upto, Upto: c.retained.Upto}
	case c.start.reads():
		c.first = journal.Since(c.query(sub, publication.SinceQuery{After: c.start.after, Last: c.start.last}))
	default:
		now := journal.Position().Seq
		c.first = publication.SincePage{From: now, Upto: now}
	}
	c.prev = c.first.From
	if n := len(c.first.Entries); c.first.Gap && n > 0 {
		c.prev = c.first.Entries[0].Seq - 1
	}
}

// admits returns a function that reports whether a publication is for the subscriber, by the lists of that time and the
// identity of now.
func (c *catchUp) admits() func(*publication.Entry) bool {
	receiver := c.session.Receiver()
	return func(e *publication.Entry) bool { return e.IsFor(receiver) }
}

// query completes a query for one page.
func (c *catchUp) query(sub wamp.Subscription, q publication.SinceQuery) publication.SinceQuery {
	limits := c.session.realm.router.limits()
	q.Subscription, q.Admits, q.RetainOnly = sub, c.admits(), c.start.retained
	q.MaxEntries, q.MaxBytes = max(limits.OutboxFrames/2, 1), limits.OutboxBytes/2
	return q
}

// rereads bounds how often the first page is read again, because what came since was not kept until it was read.
const rereads = 10

// begin queues SUBSCRIBED and the first page, and gives the member its place. It reports whether there are more pages.
// Caller must hold the locks of the subscription and of the client.
func (c *catchUp) begin(m *membership, subscribed *wamp.Subscribed) (more bool) {
	sub := m.subscription.info
	m.session.client.outbox.Settle(sub.ID)
	now := c.complete(sub, c.first)
	for i := 0; now.gap && i < rereads; i++ {
		c.read(sub)
		now = c.complete(sub, c.first)
	}
	if now.live && len(now.entries) == 0 {
		c.prev = c.upto
	}
	if c.start.positions {
		subscribed.Details = c.details(sub, now.live && len(now.entries) == 0)
	}
	m.session.client.sendLocked(subscribed)
	c.send(sub, batch{entries: c.retained.Entries, retained: true})
	c.send(sub, now)
	c.settle(m, now.live)
	return !now.live
}

// batch holds the entries that are sent in one step.
type batch struct {
	entries []*publication.Entry
	live    bool // that is all
	gap     bool // before entries[gapAt] something is missing
	gapAt   int

	retained bool // the entries answer get_retained, and move no position
}

// complete adds to the last page what was published since it was read. Caller must hold the lock of the subscription.
func (c *catchUp) complete(sub wamp.Subscription, page publication.SincePage) batch {
	if c.session.realm.journal == nil {
		return batch{live: true}
	}
	c.upto = page.Upto
	if page.More {
		return batch{entries: page.Entries}
	}
	rest := c.since(sub, page.Upto)
	c.upto = rest.Upto
	return batch{
		entries: append(slices.Clip(page.Entries), rest.Entries...), live: !rest.More, gap: rest.Gap, gapAt: len(page.Entries),
	}
}

// since reads the page behind a Seq.
func (c *catchUp) since(sub wamp.Subscription, seq uint64) publication.SincePage {
	journal := c.session.realm.journal
	after := publication.Position{Epoch: journal.Position().Epoch, Seq: seq}
	return journal.Since(c.query(sub, publication.SinceQuery{After: after}))
}

// details returns what SUBSCRIBED says of the position of the client.
func (c *catchUp) details(sub wamp.Subscription, live bool) wamp.Dict {
	details := wamp.Dict{}
	if live {
		details["_live"] = true
	}
	r := c.session.realm
	if !r.KeepsHistory(sub) {
		if c.start.after.Epoch != "" { // nothing is kept any more
			details["_gap"] = true
		}
		return details
	}
	details["_epoch"], details["_seq"] = r.journal.Position().Epoch, int64(c.prev)
	if c.first.Gap {
		details["_gap"], details["_oldest"] = true, int64(c.prev+1)
	}
	return details
}

// settle gives the member its place. Caller must hold the lock of the subscription.
func (c *catchUp) settle(m *membership, live bool) {
	at := place(c.upto)
	if c.start.positions {
		at = place(c.prev) | withPositions
	}
	m.catching, m.told = nil, c.start.positions
	if !live {
		m.catching = c
		at |= catchingUp
	}
	m.subscription.members[m.index].place = at
}

// send sends a batch. Caller must hold the lock of the subscription.
func (c *catchUp) send(sub wamp.Subscription, what batch) {
	if len(what.entries) == 0 {
		return
	}
	made, counters := c.pageOf(sub, what), &c.session.realm.router.counters
	counters.Unsendable.Add(uint64(made.unsendable))
	for _, packet := range made.packets {
		if c.session.client.put(packet) {
			counters.Events.Add(uint64(packet.Frames))
			counters.Puts.Add(1)
		}
	}
	if !what.retained {
		c.prev = made.last
	}
}

// proceed sends the rest, page by page, until the subscriber is live, unsubscribes or leaves.
func (c *catchUp) proceed(m *membership) {
	c.first, c.retained = publication.SincePage{Gap: c.first.Gap}, publication.RetainedPage{}
	for c.awaitRoom() {
		if c.continueWith(m, c.since(m.subscription.info, c.upto)) {
			return
		}
	}
}

// continueWith sends a page. It reports whether that was the last one.
func (c *catchUp) continueWith(m *membership, page publication.SincePage) (done bool) {
	sub := m.subscription
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if m.catching != c { // it was unsubscribed, or subscribed again
		return true
	}
	now := c.complete(sub.info, page)
	if page.Gap { // the client is slower than what is kept
		now.gap, now.gapAt = true, 0
	}
	c.send(sub.info, now)
	c.settle(m, now.live)
	return now.live
}

// awaitRoom waits until the outbox is less than half full. It reports false if the conversation has ended.
func (c *catchUp) awaitRoom() bool {
	client := c.session.client
	limits := client.router.limits()
	room := make(chan struct{}, 1)
	for !client.outbox.Below(limits.OutboxFrames/2, limits.OutboxBytes/2, room) {
		select {
		case <-room:
		case <-client.router.running.Done():
			return false
		}
	}
	return client.outbox.Closed() == nil
}
