package router

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// drainSpacing bounds the time between the ends of two connections, so that the stop of a server with few clients
	// does not take the whole window.
	drainSpacing = 100 * time.Millisecond
	// restartTime is how long a server is expected to take from its end until it serves again.
	restartTime = time.Second
)

// Drain says how the sessions of a server that stops are ended.
type Drain struct {
	Window time.Duration   // over which the ends are spread
	Hurry  <-chan struct{} // closed: the rest is ended at once; nil: never
	// TakenOver reports that another process serves already, so that clients may come back at once.
	TakenOver bool
}

// Drain refuses new sessions, and ends the sessions one after another over a window. Those that are left go on
// meanwhile. Sessions that share a connection are ended together. Each client that has announced that it comes again is
// told when: as evenly spread as the ends, and not before the window is over, unless another process serves already. So
// they all come back without a storm. Drain returns when all are told, Hurry is closed, or ctx ends. [Router.Shutdown]
// ends what is left.
func (r *Router) Drain(ctx context.Context, d Drain) {
	var sessions []*Session
	for _, realm := range r.allRealms() {
		sessions = append(sessions, realm.refuseSessions()...)
	}
	groups := byConnection(sessions)
	rand.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	spacing := min(d.Window/time.Duration(max(1, len(groups))), drainSpacing)
	schedule := drainSchedule{spacing: spacing, turn: time.Now()}
	schedule.back = schedule.turn.Add(restartTime)
	if !d.TakenOver {
		schedule.back = schedule.back.Add(spacing * time.Duration(len(groups)))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i, group := range groups {
		timer.Reset(schedule.untilTurn(i))
		select {
		case <-timer.C:
		case <-d.Hurry:
			schedule.hurry(i)
			d.Hurry = nil
		case <-ctx.Done():
			return
		}
		for _, s := range group {
			s.client.comeBack(schedule.retryAfter(i))
			s.leave(outbox.CloseShutdown)
		}
	}
}

// drainSchedule says when connections are ended, and when their clients come back.
type drainSchedule struct {
	spacing time.Duration
	turn    time.Time // of the first connection; zero once the drain is hurried
	back    time.Time // when the client of the first connection comes back
}

// untilTurn returns how long the connection with an index has to wait for its end.
func (d *drainSchedule) untilTurn(i int) time.Duration {
	return time.Until(d.turn.Add(d.spacing * time.Duration(i)))
}

// hurry ends the drain now, when the connection with an index is next. The clients that are left come back in turn.
func (d *drainSchedule) hurry(next int) {
	d.turn = time.Time{}
	d.back = time.Now().Add(restartTime - d.spacing*time.Duration(next))
}

// retryAfter returns when the client of the connection with an index should come back, from now on.
func (d *drainSchedule) retryAfter(i int) time.Duration {
	return max(0, time.Until(d.back.Add(d.spacing*time.Duration(i))))
}

// refuseSessions refuses sessions from now on, and returns those that are there.
func (r *Realm) refuseSessions() []*Session {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.Sessions()
}

// byConnection groups sessions by their connection. A number of 0 is a connection of its own.
func byConnection(sessions []*Session) [][]*Session {
	number := func(s *Session) uint64 { return s.client.peer.Connection }
	slices.SortFunc(sessions, func(a, b *Session) int { return cmp.Compare(number(a), number(b)) })
	var groups [][]*Session
	for i, s := range sessions {
		if i > 0 && number(s) != 0 && number(s) == number(sessions[i-1]) {
			groups[len(groups)-1] = append(groups[len(groups)-1], s)
		} else {
			groups = append(groups, []*Session{s})
		}
	}
	return groups
}

// comeBack ends the conversation because the server stops, and tells a client that comes again when that should be.
func (c *Client) comeBack(after time.Duration) {
	last := sender.Goodbye(wamp.CloseSystemShutdown, shutdownText)
	if s := c.session.Load(); s != nil && s.features.Has(peer.Returns) {
		last.Details["_retry_after"] = math.Round(after.Seconds()*1000) / 1000
	}
	c.sendFinal(last, outbox.CloseInfo{Reason: outbox.CloseShutdown, Text: shutdownText})
}
