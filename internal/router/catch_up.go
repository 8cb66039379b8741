package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// catchUp brings a subscriber from its start to now. The journal answers in pages, of which a page fits into a quarter
// of an outbox, and is sent when there is room:
//
//	read      the first page, with no lock held
//	begin     under the locks of the subscription and the client: SUBSCRIBED, the page, and, if that was the last one,
//	          what came since: now the member has its place in the order, and fan-out goes on from there
//	proceed   otherwise, or if there is no room, fan-out passes the member over, and a goroutine sends one page after the
//	          other, as the outbox has room
//
// A client has one such goroutine: a page that comes back with many subscriptions must not close itself as slow.
// So no publication is missing, and none comes twice. What is not kept has no order: it is delivered meanwhile.
type catchUp struct {
	session *Session
	member  *membership // from begin on
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
	c.encodeAhead(sub)
	return c
}

// encodeAhead encodes what the session will probably get, while no lock of the subscription is held. If there is no
// subscription yet, its lock keeps no other client waiting.
func (c *catchUp) encodeAhead(sub wamp.Subscription) {
	known := c.session.realm.broker.get(sub)
	if known == nil {
		return
	}
	what := batch{entries: c.first.Entries}
	if !c.first.More {
		what.live, what.gapAt = true, len(what.entries)
	}
	for _, b := range []batch{{entries: c.retained.Entries, retained: true}, what} {
		if len(b.entries) > 0 {
			c.pageOf(known.info, b)
		}
	}
}

// read asks the journal for the first page.
func (c *catchUp) read(sub wamp.Subscription) {
	journal := c.session.realm.journal
	switch {
	case c.start.retained:
		q := c.query(sub, publication.SinceQuery{})
		c.retained = journal.Retained(publication.RetainedQuery{
			Subscription: sub, Admits: q.Admits, MaxEntries: 2 * q.MaxEntries, MaxBytes: 2 * q.MaxBytes,
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
	q.MaxEntries, q.MaxBytes = max(limits.OutboxFrames/4, 1), limits.OutboxBytes/4
	return q
}

// rereads bounds how often the first page is read again, because what came since was not kept until it was read.
const rereads = 10

// begin queues SUBSCRIBED and the first page, and gives the member its place. What is left is sent by the client's
// goroutine for that. Caller must hold the locks of the subscription and of the client.
func (c *catchUp) begin(m *membership, subscribed *wamp.Subscribed) {
	c.member = m
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
	if len(now.entries)+len(c.retained.Entries) > 0 && !c.hasRoomLocked() {
		c.upto = c.first.From
		now.live = false
	} else {
		c.sendRetained(sub)
		c.send(sub, now)
	}
	c.settle(m, now.live)
	if !now.live {
		c.waitLocked()
	}
}

// waitLocked lets the client's goroutine send the rest. Caller must hold client.mu.
func (c *catchUp) waitLocked() {
	client := c.session.client
	c.first.Entries = nil
	if client.catchUps != nil {
		*client.catchUps = append(*client.catchUps, c)
		return
	}
	client.catchUps = &[]*catchUp{c}
	client.router.workers.Go(func() { client.guarded(client.proceed) }) //nolint:errcheck // says how the conversation ended
}

// sendRetained sends what answers get_retained, once. Caller must hold the lock of the subscription.
func (c *catchUp) sendRetained(sub wamp.Subscription) {
	c.send(sub, batch{entries: c.retained.Entries, retained: true})
	c.retained.Entries = nil
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

// proceed sends for the catchUps that wait, page by page, until each is live, unsubscribed or left behind by the
// session.
func (c *Client) proceed() error {
	for next := c.firstCatchUp(); next != nil; next = c.firstCatchUp() {
		if !next.awaitRoom() || next.continueWith(next.since(next.member.subscription.info, next.upto)) {
			c.dropCatchUp()
		}
	}
	return nil
}

// firstCatchUp returns the catchUp to send for. If none waits it returns nil, and the goroutine ends.
func (c *Client) firstCatchUp() *catchUp {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(*c.catchUps) == 0 {
		c.catchUps = nil
		return nil
	}
	return (*c.catchUps)[0]
}

func (c *Client) dropCatchUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.catchUps = slices.Delete(*c.catchUps, 0, 1)
}

// continueWith sends a page. It reports whether that was the last one.
func (c *catchUp) continueWith(page publication.SincePage) (done bool) {
	m := c.member
	sub := m.subscription
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if m.catching != c { // it was unsubscribed, or subscribed again
		return true
	}
	now := c.complete(sub.info, page)
	if page.Gap && !c.first.Gap { // the client is slower than what is kept
		now.gap, now.gapAt = true, 0
	}
	c.first.Gap = false // SUBSCRIBED has told of what was missing at the beginning
	c.sendRetained(sub.info)
	c.send(sub.info, now)
	c.settle(m, now.live)
	return now.live
}

// room returns how many frames and bytes may be queued when a step begins. A step sends two pages at most: one that was
// read, and what came since; and before them retained events, which take as much as two pages.
func (c *catchUp) room() (frames, bytes int) {
	limits := c.session.realm.router.limits()
	if len(c.retained.Entries) > 0 {
		return max(limits.OutboxFrames/4-1, 0), limits.OutboxBytes / 4
	}
	return max(limits.OutboxFrames/2-1, 0), limits.OutboxBytes / 2
}

// hasRoomLocked reports whether a page may be sent now: no other catchUp of the client waits, and there is room. Caller
// must hold client.mu.
func (c *catchUp) hasRoomLocked() bool {
	frames, bytes := c.session.client.outbox.Len()
	most, mostBytes := c.room()
	return c.session.client.catchUps == nil && frames <= most && bytes <= mostBytes
}

// awaitRoom waits until there is room. It reports false if the conversation has ended.
func (c *catchUp) awaitRoom() bool {
	client := c.session.client
	frames, bytes := c.room()
	told := make(chan struct{}, 1)
	for !client.outbox.Below(frames, bytes, told) {
		select {
		case <-told:
		case <-client.router.running.Done():
			return false
		}
	}
	return client.outbox.Closed() == nil
}
