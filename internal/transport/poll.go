package transport

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
)

// poll is one client of [LongPoll]: a conversation, and a goroutine that gives what it has to say to
// the request that waits for it.
type poll struct {
	// Static after begin.
	home     *LongPoll
	id       string
	protocol Protocol
	addr     netip.Addr
	origin   string
	talk     Conversation
	opened   time.Time

	asks   chan *pollAsk // requests that want a message
	leaves chan *pollAsk // those whose client is gone
	sends  chan struct{} // a place for each message that is being read or taken
	woken  chan struct{}
	ended  chan router.CloseReason // why, by who ends it from outside
	done   chan struct{}           // closed when it is off the books
	life   lifetime

	receiving sync.Mutex // held while the conversation's Receive or Gone runs

	// Owned by run.
	waiter *pollAsk
	since  time.Time // since when there is a waiter, or none
	queue  [][]byte  // taken, and not given to anybody yet
	ending *router.Ending
}

// pollAsk is a request that waits for a message. The answer is nil if none came.
type pollAsk struct{ answer chan []byte }

func newPoll(home *LongPoll, protocol Protocol) *poll {
	now := time.Now()
	return &poll{
		home: home, id: newID(), protocol: protocol, opened: now, since: now,
		asks: make(chan *pollAsk), leaves: make(chan *pollAsk), sends: make(chan struct{}, maxSends), woken: make(chan struct{}, 1),
		ended: make(chan router.CloseReason, 1), done: make(chan struct{}),
	}
}

// Wake implements [router.Waker]: there is something to be taken.
func (p *poll) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// end ends the conversation from outside. The first reason stands.
func (p *poll) end(reason router.CloseReason) {
	select {
	case p.ended <- reason:
	default:
	}
}

// send hands over what a client sent. One at a time: in the order in which they have arrived.
func (p *poll) send(body []byte) {
	p.receiving.Lock()
	defer p.receiving.Unlock()
	// An error means that the conversation is over; how, the client learns by what it receives.
	p.talk.Receive(&p.life, Message{Data: body, Binary: p.protocol.Frames == BinaryFrames}) //nolint:errcheck // as said
	p.talk.Flush()
}

// run is the poll's goroutine.
func (p *poll) run() {
	reason := router.CloseLost
	defer func() { p.retire(reason) }()
	timer := time.NewTimer(p.home.server.limits.Hello)
	defer timer.Stop()
	for {
		if p.give(); p.ending != nil && len(p.queue) == 0 {
			reason = p.ending.Reason
			return
		}
		timer.Reset(time.Until(p.due()))
		select {
		case ask := <-p.asks:
			p.take(ask)
		case ask := <-p.leaves:
			if p.waiter == ask {
				p.waiter, p.since = nil, time.Now()
			}
		case <-p.woken:
		case <-timer.C:
			if p.late() {
				reason = router.CloseTimeout
				return
			}
		case reason = <-p.ended:
			return
		}
	}
}

// take makes a request the one that waits. A client has one: an earlier one is what a lost connection
// has left.
func (p *poll) take(ask *pollAsk) {
	if p.waiter != nil {
		p.waiter.answer <- nil
	}
	p.waiter, p.since = ask, time.Now()
}

// give gives the waiter what there is. Without a waiter everything stays in the outbox, whose limits
// say when a client is too slow; only the end of an empty one is noticed.
func (p *poll) give() {
	if frames, _ := p.talk.Len(); len(p.queue) == 0 && p.ending == nil && (p.waiter != nil || frames == 0) {
		taken := p.talk.Take(nil, p.atOnce())
		p.queue, p.ending = taken.Pieces, taken.Ending
		if p.ending != nil {
			p.gone(p.ending.Reason)
		}
	}
	if p.waiter == nil || len(p.queue) == 0 {
		return
	}
	p.waiter.answer <- slices.Concat(p.queue...)
	p.waiter, p.queue, p.since = nil, nil, time.Now()
}

// atOnce is how many bytes one response has: exactly one message, unless they are batched.
func (p *poll) atOnce() int {
	if batchingOf(p.protocol) == unbatched {
		return 1
	}
	return takeBytes
}

// due is when there is something to be done although nothing has happened.
func (p *poll) due() time.Time {
	due := p.since.Add(pollAbsence)
	if p.waiter != nil {
		due = p.since.Add(pollPatience)
	}
	if hello := p.opened.Add(p.home.server.limits.Hello); !p.talk.Joined() && hello.Before(due) {
		return hello
	}
	return due
}

// late does what time asks for. It reports true if the client is gone.
func (p *poll) late() bool {
	now := time.Now()
	if !p.talk.Joined() && now.Sub(p.opened) >= p.home.server.limits.Hello {
		return true
	}
	if p.waiter == nil {
		return now.Sub(p.since) >= pollAbsence
	}
	if now.Sub(p.since) >= pollPatience {
		p.waiter.answer <- nil
		p.waiter, p.since = nil, now
	}
	return false
}

// gone tells the conversation, when nothing is received any more.
func (p *poll) gone(reason router.CloseReason) {
	p.life.end()
	p.receiving.Lock()
	defer p.receiving.Unlock()
	p.talk.Gone(reason)
}

// retire takes the poll off the books.
func (p *poll) retire(reason router.CloseReason) {
	p.home.forget(p)
	p.gone(reason)
	close(p.done)
	p.home.server.closes.count(reason, statusNone)
	p.home.server.release()
}

func (p *poll) contentType() string {
	if p.protocol.Frames == TextFrames {
		return "application/json"
	}
	return "application/octet-stream"
}
