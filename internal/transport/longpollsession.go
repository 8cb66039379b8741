package transport

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// longPollSession is one client of [LongPoll]: a conversation, and a goroutine that gives its messages to the request
// that waits for them.
type longPollSession struct {
	// Static after begin.
	home     *LongPoll
	id       string
	protocol Protocol
	addr     netip.Addr
	origin   string
	conv     Conversation
	opened   time.Time

	asks   chan *longPollRequest // requests that wait for a message
	leaves chan *longPollRequest // requests whose client is gone
	sends  chan struct{}         // a place for each message that is being read or handled
	woken  chan struct{}
	ended  chan outbox.CloseReason // the reason of end
	done   chan struct{}           // closed by retire
	ctx    connContext

	receiving sync.Mutex // held while the conversation's Receive or Closed runs

	// Owned by run.
	waiter *longPollRequest
	since  time.Time // since when there is a waiter, or none
	queue  [][]byte  // taken from the conversation, and not sent yet
	ending *outbox.CloseInfo
}

// longPollRequest is a request that waits for a message. The answer is nil if none came.
type longPollRequest struct{ answer chan []byte }

func newLongPollSession(home *LongPoll, protocol Protocol) *longPollSession {
	now := time.Now()
	return &longPollSession{
		home: home, id: newID(), protocol: protocol, opened: now, since: now,
		asks: make(chan *longPollRequest), leaves: make(chan *longPollRequest), sends: make(chan struct{}, maxSends), woken: make(chan struct{}, 1),
		ended: make(chan outbox.CloseReason, 1), done: make(chan struct{}),
	}
}

// Wake implements [outbox.Waker]: there is something to take.
func (p *longPollSession) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// end ends the session. Only the first call has an effect. Safe for concurrent use.
func (p *longPollSession) end(reason outbox.CloseReason) {
	select {
	case p.ended <- reason:
	default:
	}
}

// send gives a message of the client to the conversation, one at a time and in the order of arrival.
func (p *longPollSession) send(body []byte) {
	p.receiving.Lock()
	defer p.receiving.Unlock()
	// After an error the conversation is over. The client receives the reason as a message.
	p.conv.Receive(&p.ctx, Message{Data: body, Binary: p.protocol.Frames == frame.Binary}) //nolint:errcheck // see above
	p.conv.Flush()
}

// run is the goroutine of the session.
func (p *longPollSession) run() {
	reason := outbox.CloseLost
	defer func() { p.retire(reason) }()
	timer := time.NewTimer(p.home.server.limits().Hello)
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
				reason = outbox.CloseTimeout
				return
			}
		case reason = <-p.ended:
			return
		}
	}
}

// take makes a request the one that waits. A client has one request at a time: an earlier one was left by a lost
// connection.
func (p *longPollSession) take(ask *longPollRequest) {
	if p.waiter != nil {
		p.waiter.answer <- nil
	}
	p.waiter, p.since = ask, time.Now()
}

// give answers the waiting request with what the conversation has queued. If no request waits, everything stays in the
// outbox, whose limits say when a client is too slow. The end of a conversation with an empty outbox is noticed anyway.
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

// atOnce returns the limit of bytes for one response: one message, or a batch of all that wait.
func (p *longPollSession) atOnce() int {
	if batchingOf(p.protocol) == frame.Unbatched {
		return 1
	}
	return takeBytes
}

// due returns when late is to be called if nothing happens before.
func (p *longPollSession) due() time.Time {
	due := p.since.Add(pollAbsence)
	if p.waiter != nil {
		due = p.since.Add(pollPatience)
	}
	if hello := p.opened.Add(p.home.server.limits().Hello); !p.conv.Established() && hello.Before(due) {
		return hello
	}
	return due
}

// late does what a passed deadline asks for. It returns true if the client is gone.
func (p *longPollSession) late() bool {
	now := time.Now()
	if !p.conv.Established() && now.Sub(p.opened) >= p.home.server.limits().Hello {
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

// gone tells the conversation that the session has ended.
func (p *longPollSession) gone(reason outbox.CloseReason) {
	p.ctx.end()
	p.receiving.Lock()
	defer p.receiving.Unlock()
	p.conv.Closed(reason)
}

// retire removes the session from the server.
func (p *longPollSession) retire(reason outbox.CloseReason) {
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
