package router

import (
	"context"
	"time"
)

// throttle blocks until the client may send its next message, so that a flood fills only the client's own socket
// buffers. It is the generic cell rate algorithm: one number for each client.
func (c *Client) throttle(ctx context.Context) error {
	if s := c.session.Load(); s != nil && s.Identity().Backend {
		return nil // backends are trusted to publish as fast as they can
	}
	limits := &c.router.options.Limits
	interval := time.Second / time.Duration(limits.MessageRate)
	now := time.Since(c.router.started)
	c.nextArrival = max(c.nextArrival, now) + interval
	wait := c.nextArrival - now - interval*time.Duration(limits.MessageBurst)
	if wait <= 0 {
		return nil
	}
	c.router.counters.rateWaits.Add(1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
