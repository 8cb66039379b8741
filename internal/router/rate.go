package router

import (
	"context"
	"time"
)

// throttle waits until the client may be read again, so that a flood fills the client's own socket
// buffers and nobody else's time. It is the generic cell rate algorithm: one number for each client.
func (c *Client) throttle(ctx context.Context) error {
	if s := c.session.Load(); s != nil && s.identity.Backend {
		return nil // a program of the application: trusted to publish as fast as it can
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
