package meter

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
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
	// Patience bounds the wait until the clients that are ended last are silent.
	Patience time.Duration
}

// silence is the time without a frame after which clients are silent.
const silence = 100 * time.Millisecond

// UntilSilent waits until the number of frames that have come stays the same, for Patience at most.
func (d Drain) UntilSilent(ctx context.Context, frames *atomic.Uint64) {
	patience := time.NewTimer(d.Patience)
	defer patience.Stop()
	for before := frames.Load(); ; {
		select {
		case <-time.After(silence):
		case <-patience.C:
			return
		case <-d.Hurry:
			return
		case <-ctx.Done():
			return
		}
		now := frames.Load()
		if now == before {
			return
		}
		before = now
	}
}

// Each ends connections one after another over the window, in their order. end is told when the clients of a connection
// should come back, from now on: as evenly spread as the ends, and not before the window is over, unless another
// process serves already. Each returns when all are ended, or ctx ends.
func (d Drain) Each(ctx context.Context, connections int, end func(i int, retryAfter time.Duration)) {
	spacing := min(d.Window/time.Duration(max(1, connections)), drainSpacing)
	schedule := drainSchedule{spacing: spacing, turn: time.Now()}
	schedule.back = schedule.turn.Add(restartTime)
	if !d.TakenOver {
		schedule.back = schedule.back.Add(spacing * time.Duration(connections))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range connections {
		timer.Reset(schedule.untilTurn(i))
		select {
		case <-timer.C:
		case <-d.Hurry:
			schedule.hurry(i)
			d.Hurry = nil
		case <-ctx.Done():
			return
		}
		end(i, schedule.retryAfter(i))
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

// ByConnection groups clients by the number of their connection, in a random order. A number of 0 is a connection of
// its own.
func ByConnection[C any](clients []C, number func(C) uint64) [][]C {
	slices.SortFunc(clients, func(a, b C) int { return cmp.Compare(number(a), number(b)) })
	var groups [][]C
	for i, c := range clients {
		if i > 0 && number(c) != 0 && number(c) == number(clients[i-1]) {
			groups[len(groups)-1] = append(groups[len(groups)-1], c)
		} else {
			groups = append(groups, []C{c})
		}
	}
	rand.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return groups
}
