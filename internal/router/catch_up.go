package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/replay"
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
	replay.Replay // what is sent
	session       *Session
	member        *membership // from begin on
}

// newCatchUp returns what brings the session from a start to now. It has read nothing.
func (r *Realm) newCatchUp(s *Session, from replay.Start) *catchUp {
	to := replay.Subscriber{Session: s, Format: s.client.sender.Format, Outbox: &s.client.sender.Outbox}
	return &catchUp{Replay: replay.New(&r.replays, from, to), session: s}
}

// readFirst asks the journal for the first page, and charges the session. It encodes the page while no lock of the
// subscription is held. If there is no subscription yet, its lock keeps no other client waiting.
func (r *Realm) readFirst(s *Session, sub wamp.Subscription, from replay.Start) *catchUp {
	c := r.newCatchUp(s, from)
	for _, work := range c.ReadFirst(sub) {
		s.ChargeQuery(work)
	}
	if known := r.broker.get(sub); known != nil {
		c.EncodeAhead(known.info)
	}
	return c
}

// begin queues SUBSCRIBED and the first page, and gives the member its place. What is left is sent by the client's
// goroutine for that. Caller must hold the locks of the subscription and of the client.
func (c *catchUp) begin(m *membership, subscribed *wamp.Subscribed) {
	c.member = m
	sub, client := m.subscription.info, m.session.client
	client.sender.Outbox.Settle(sub.ID)
	now := c.Begin(sub)
	if c.Positions {
		subscribed.Details = c.Details(now, c.session.realm.KeepsHistory(sub))
	}
	client.sender.Send(subscribed)
	live := now.Live
	if c.Sends(now) && !c.hasRoomLocked() {
		c.Postpone()
		live = false
	} else {
		c.send(sub, now)
	}
	c.settle(m, live)
	if !live {
		c.waitLocked()
	}
}

// waitLocked lets the client's goroutine send the rest. Caller must hold client.mu.
func (c *catchUp) waitLocked() {
	client := c.session.client
	if client.catchUps != nil {
		*client.catchUps = append(*client.catchUps, c)
		return
	}
	client.catchUps = &[]*catchUp{c}
	client.router.workers.Go(func() { client.guarded(client.proceed) }) //nolint:errcheck // says how the conversation ended
}

// settle gives the member its place. Caller must hold the lock of the subscription.
func (c *catchUp) settle(m *membership, live bool) {
	m.catching, m.told = nil, c.Positions
	if !live {
		m.catching = c
	}
	m.subscription.members[m.index].place = c.Place(live)
}

// send queues a step, and before the first one what answers get_retained. Caller must hold the lock of the
// subscription.
func (c *catchUp) send(sub wamp.Subscription, now replay.Step) {
	c.put(c.RetainedPage(sub))
	c.put(c.Page(sub, now))
}

func (c *catchUp) put(page *replay.Page) {
	if page == nil {
		return
	}
	counters := &c.session.realm.router.counters
	counters.Unsendable.Add(uint64(page.Unsendable))
	for _, packet := range page.Packets {
		if c.session.client.sender.Put(packet) {
			counters.Events.Add(uint64(packet.Frames))
			counters.Puts.Add(1)
		}
	}
}

// proceed sends for the catchUps that wait, page by page, until each is live, unsubscribed or left behind by the
// session.
func (c *Client) proceed() error {
	for next := c.firstCatchUp(); next != nil; next = c.firstCatchUp() {
		if !next.awaitRoom() || next.continueWith(next.Next(next.member.subscription.info)) {
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
	now := c.Continue(sub.info, page)
	c.send(sub.info, now)
	c.settle(m, now.Live)
	return now.Live
}

// hasRoomLocked reports whether a page may be sent now: no other catchUp of the client waits, and there is room. Caller
// must hold client.mu.
func (c *catchUp) hasRoomLocked() bool {
	client := c.session.client
	frames, bytes := client.sender.Outbox.Len()
	most, mostBytes := c.Room()
	return client.catchUps == nil && frames <= most && bytes <= mostBytes
}

// awaitRoom waits until there is room. It reports false if the conversation has ended.
func (c *catchUp) awaitRoom() bool {
	client := c.session.client
	frames, bytes := c.Room()
	return client.sender.Outbox.AwaitBelow(client.router.running, frames, bytes) && client.sender.Outbox.Closed() == nil
}
