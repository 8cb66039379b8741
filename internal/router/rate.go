package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// Throttle blocks until the client may send as many further frames, so that a flood fills only the client's own socket
// buffers. Each message counts as a frame. The transport counts the frames that bring no message, such as pings.
func (c *Client) Throttle(ctx context.Context, frames int) error {
	if s := c.session.Load(); s != nil && s.Identity().Backend {
		return nil // backends are trusted to publish as fast as they can
	}
	wait := c.pace.Frames(&c.router.options.Limits, frames, time.Since(c.router.started))
	if wait <= 0 {
		return nil
	}
	c.router.counters.RateWaits.Add(1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ChargeQuery counts a query of the session as messages: over its rate the client waits before its next message is
// read. One query costs no more than a burst. Must be called in the session's reader, as by the Handler of a
// [LocalProcedure] that is not concurrent.
func (s *Session) ChargeQuery(work publication.Work) {
	if !s.Identity().Backend {
		s.client.pace.Query(&s.realm.router.options.Limits, work)
	}
}
