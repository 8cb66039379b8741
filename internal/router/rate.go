package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// Throttle blocks until the client may send as many further frames, so that a flood fills only the client's own socket
// buffers. Each message counts as a frame. The transport counts the frames that bring no message, such as pings. It is
// the generic cell rate algorithm: one number for each client.
func (c *Client) Throttle(ctx context.Context, frames int) error {
	if s := c.session.Load(); s != nil && s.Identity().Backend {
		return nil // backends are trusted to publish as fast as they can
	}
	limits := &c.router.options.Limits
	interval := time.Second / time.Duration(limits.MessageRate)
	now := time.Since(c.router.started)
	c.nextArrival = max(c.nextArrival, now) + time.Duration(frames)*interval
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

// What a query does for the price of one message.
const (
	examinedPerMessage = 100
	returnedPerMessage = 10 // each entry is encoded
	bytesPerMessage    = 4 << 10
)

// ChargeQuery counts a query of the session as messages: over its rate the client waits before its next message is
// read. One query costs no more than a burst. Must be called in the session's reader, as by the Handler of a
// [Registration] that is not concurrent.
func (s *Session) ChargeQuery(work publication.Work) {
	if s.Identity().Backend {
		return
	}
	limits := &s.realm.router.options.Limits
	messages := work.Examined/examinedPerMessage + work.Returned/returnedPerMessage + work.Bytes/bytesPerMessage
	s.client.nextArrival += time.Second / time.Duration(limits.MessageRate) * time.Duration(min(messages, limits.MessageBurst))
}
