package router

import (
	"context"
	"math"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Drain refuses new sessions, and ends the sessions one after another over a window. Those that are left go on
// meanwhile. Sessions that share a connection are ended together. Each client that has announced that it comes again is
// told when. So they all come back without a storm. Drain returns when all are told, Hurry is closed, or ctx ends.
// [Router.Shutdown] ends what is left.
func (r *Router) Drain(ctx context.Context, d meter.Drain) {
	var sessions []*Session
	for _, realm := range r.allRealms() {
		sessions = append(sessions, realm.refuseSessions()...)
	}
	groups := meter.ByConnection(sessions, func(s *Session) uint64 { return s.client.peer.Connection })
	d.Each(ctx, len(groups), func(i int, retryAfter time.Duration) {
		for _, s := range groups[i] {
			s.client.comeBack(retryAfter)
			s.leave(outbox.CloseShutdown)
		}
	})
}

// refuseSessions refuses sessions from now on, and returns those that are there.
func (r *Realm) refuseSessions() []*Session {
	r.mu.Lock()
	r.closed = true
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
