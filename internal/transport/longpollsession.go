package transport

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// longPollSession is one client of [LongPoll]: a conversation, and a goroutine that gives what it has to say to
// the request that waits for it.
type longPollSession struct {
	// Static after begin.
	home     *LongPoll
	id       string
	protocol Protocol
	addr     netip.Addr
	origin   string
	conv     Conversation
	opened   time.Time

	asks   chan *longPollRequest // requests that want a message
	leaves chan *longPollRequest // those whose client is gone
	sends  chan struct{}         // a place for each message that is being read or taken
	woken  chan struct{}
	ended  chan router.CloseReason // why, by who ends it from outside
	done   chan struct{}           // closed when it is off the books
	ctx    connContext

	receiving sync.Mutex // held while the conversation's Receive or Gone runs

	// Owned by run.
	waiter *longPollRequest
	since  time.Time // since when there is a waiter, or none
	queue  [][]byte  // taken, and not given to anybody yet
	ending *router.CloseInfo
}

// longPollRequest is a request that waits for a message. The answer is nil if none came.
type longPollRequest struct{ answer chan []byte }

func newLongPollSession(home *LongPoll, protocol Protocol) *longPollSession {
	now := time.Now()
	return &longPollSession{
		home: home, id: newID(), protocol: protocol, opened: now, since: now,
		asks: make(chan *longPollRequest), leaves: make(chan *longPollRequest), sends: make(chan struct{}, maxSends), woken: make(chan struct{}, 1),
		ended: make(chan router.CloseReason, 1), done: make(chan struct{}),
	}
}

// Wake implements [router.Waker]: there is something to be taken.
func (p *longPollSession) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// end ends the conversation from outside. The first reason stands.
func (p *longPollSession) end(reason router.CloseReason) {
	select {
	case p.ended <- reason:
	default:
	}
}

// send hands over what a client sent. One at a time: in the order in which they have arrived.
func (p *longPollSession) send(body []byte) {
	p.receiving.Lock()
	defer p.receiving.Unlock()
	// An error means that the conversation is over; how, the client learns by what it receives.
	p.conv.Receive(&p.ctx, Message{Data: body, Binary: p.protocol.Frames == frame.Binary}) //nolint:errcheck // as said
	p.conv.Flush()
}

// run is the poll's goroutine.
func (p *longPollSession) run() {
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
func (p *longPollSession) take(ask *longPollRequest) {
	if p.waiter != nil {
		p.waiter.answer <- nil
	}
	p.waiter, p.since = ask, time.Now()
}

// give gives the waiter what there is. Without a waiter everything stays in the outbox, whose limits
// say when a client is too slow; only the end of an empty one is noticed.
func (p *longPollSession) give() {
	if frames, _ := p.conv.Len(); len(p.queue) == 0 && p.ending == nil && (p.waiter != nil || frames == 0) {
		taken := p.conv.Take(nil, p.atOnce())
		p.queue, p.ending = taken.Pieces, taken.Closed
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
func (p *longPollSession) atOnce() int {
	if batchingOf(p.protocol) == frame.Unbatched {
		return 1
	}
	return takeBytes
}

// due is when there is something to be done although nothing has happened.
func (p *longPollSession) due() time.Time {
	due := p.since.Add(pollAbsence)
	if p.waiter != nil {
		due = p.since.Add(pollPatience)
	}
	if hello := p.opened.Add(p.home.server.limits.Hello); !p.conv.Established() && hello.Before(due) {
		return hello
	}
	return due
}

// late does what time asks for. It reports true if the client is gone.
func (p *longPollSession) late() bool {
	now := time.Now()
	if !p.conv.Established() && now.Sub(p.opened) >= p.home.server.limits.Hello {
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
func (p *longPollSession) gone(reason router.CloseReason) {
	p.ctx.end()
	p.receiving.Lock()
	defer p.receiving.Unlock()
	p.conv.Closed(reason)
}

// retire takes the poll off the books.
func (p *longPollSession) retire(reason router.CloseReason) {
	p.home.forget(p)
	p.gone(reason)
	close(p.done)
	p.home.server.closes.count(reason, frame.CodeLost)
	p.home.server.release()
}

func (p *longPollSession) contentType() string {
	if p.protocol.Frames == frame.Text {
		return "application/json"
	}
	return "application/octet-stream"
}
