package meter

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// Pace bounds how many frames of one client are read in a second. It is the generic cell rate algorithm: one number
// for each client. One goroutine owns it.
type Pace struct {
	next time.Duration // the theoretical arrival of the next message, since the start of the router
}

// Frames counts frames that arrive now, and returns how long to wait before more is handled; at most 0: not at all.
func (p *Pace) Frames(limits *Limits, frames int, now time.Duration) (wait time.Duration) {
	interval := time.Second / time.Duration(limits.MessageRate)
	p.next = max(p.next, now) + time.Duration(frames)*interval
	return p.next - now - interval*time.Duration(limits.MessageBurst)
}

// What has the price of one message.
const (
	examinedPerMessage = 100
	returnedPerMessage = 10 // each entry is encoded
	bytesPerMessage    = 4 << 10
)

// Message counts a message of so many bytes as a frame for each 4 KiB: a publication costs its bytes once for each
// subscriber. It returns how long to wait before the message is handled. One message costs no more than a burst.
func (p *Pace) Message(limits *Limits, bytes int, now time.Duration) (wait time.Duration) {
	return p.Frames(limits, min(1+bytes/bytesPerMessage, limits.MessageBurst), now)
}

// Query counts a query of the journal as messages: over the rate the client waits before its next message is read. One
// query costs no more than a burst.
func (p *Pace) Query(limits *Limits, work publication.Work) {
	messages := work.Examined/examinedPerMessage + work.Returned/returnedPerMessage + work.Bytes/bytesPerMessage
	p.next += time.Second / time.Duration(limits.MessageRate) * time.Duration(min(messages, limits.MessageBurst))
}

// Wait waits for a time, or until ctx ends.
func Wait(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
