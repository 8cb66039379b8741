package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/publication"
)

// Throttle blocks until the client may send as many further frames that bring no message, such as pings, so that a
// flood fills only the client's own socket buffers.
func (c *Client) Throttle(ctx context.Context, frames int) error {
	if c.unlimited() {
		return nil
	}
	return c.router.Throttle(ctx, c.pace, frames)
}

// Throttle blocks until as many frames may come at a pace that belongs to no client alone.
func (r *Router) Throttle(ctx context.Context, pace *meter.Pace, frames int) error {
	return r.pause(ctx, pace.Frames(r.limits(), frames, time.Since(r.started)))
}

// throttleMessage blocks until the client may send a message of so many bytes.
func (c *Client) throttleMessage(ctx context.Context, bytes int) error {
	if c.unlimited() {
		return nil
	}
	return c.router.pause(ctx, c.pace.Message(c.router.limits(), bytes, time.Since(c.router.started)))
}

// unlimited reports whether the client is a backend, which is trusted to publish as fast as it can.
func (c *Client) unlimited() bool {
	s := c.session.Load()
	return s != nil && s.Identity().Backend
}

func (r *Router) pause(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	r.counters.RateWaits.Add(1)
	return meter.Wait(ctx, wait)
}

// ChargeQuery counts a query of the session as messages: over its rate the client waits before its next message is
// read. One query costs no more than a burst. Must be called in the session's reader, as by the Handler of a
// [LocalProcedure] that is not concurrent.
func (s *Session) ChargeQuery(work publication.Work) {
	if !s.Identity().Backend {
		s.client.pace.Query(s.realm.router.limits(), work)
	}
}
