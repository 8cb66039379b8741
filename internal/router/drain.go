package router

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Drain refuses new sessions of users, and ends those that are there one after another over a window. Those that are
// left go on meanwhile. Sessions that share a connection are ended together. Each client that has announced that it
// comes again is told when. So they all come back without a storm. Programs of the application of version 1 cannot know
// that their connection has ended, and lose what they publish then: they may join until [Router.Shutdown], which ends
// them, and Drain waits until they are silent. Drain returns then, when Hurry is closed, or ctx ends.
func (r *Router) Drain(ctx context.Context, d meter.Drain) {
	var sessions []*Session
	for _, realm := range r.allRealms() {
		sessions = append(sessions, realm.refuseUsers()...)
	}
	all := len(sessions)
	sessions = slices.DeleteFunc(sessions, (*Session).endsUnheard)
	groups := meter.ByConnection(sessions, func(s *Session) uint64 { return s.client.peer.Connection })
	d.Each(ctx, len(groups), func(i int, retryAfter time.Duration) {
		for _, s := range groups[i] {
			s.client.comeBack(retryAfter)
			s.leave(outbox.CloseShutdown)
		}
	})
	if len(sessions) < all {
		d.UntilSilent(ctx, &r.counters.FramesIn)
	}
}

// endsUnheard reports whether the session is of a program that does not read, so that it does not hear of the end.
func (s *Session) endsUnheard() bool { return s.Identity().Backend && s.Encoding() == wamp.V1JSON }

// refuseUsers refuses sessions of users from now on, and returns the sessions that are there.
func (r *Realm) refuseUsers() []*Session {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	return r.Sessions()
}

// comeBack ends the conversation because the server stops, and tells a client that comes again when that should be.
func (c *Client) comeBack(after time.Duration) {
	last := sender.Goodbye(wamp.CloseSystemShutdown, shutdownText)
	if s := c.session.Load(); s != nil && s.features.Has(peer.Returns) {
		last.Details["_retry_after"] = math.Round(after.Seconds()*1000) / 1000
	}
	c.sendFinal(last, outbox.CloseInfo{Reason: outbox.CloseShutdown, Text: shutdownText})
}
