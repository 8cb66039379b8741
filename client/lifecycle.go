package client

import (
	"context"
	"errors"
)

// lifecycle is how it goes with something that the router was asked to keep: agreed, then ended. The
// client's lock guards both steps.
type lifecycle struct {
	agreed chan struct{} // closed at the first agreement
	ended  chan struct{} // closed at the end
	err    error         // why it ended; written before ended is closed, never after
}

func newLifecycle() lifecycle {
	return lifecycle{agreed: make(chan struct{}), ended: make(chan struct{})}
}

func (o *lifecycle) settleLocked() {
	if !isClosed(o.agreed) {
		close(o.agreed)
	}
}

func (o *lifecycle) finishLocked(err error) {
	if !isClosed(o.ended) {
		o.err = err
		close(o.ended)
	}
}

// wait returns once the router has agreed or refused.
func (o *lifecycle) wait(ctx context.Context) error {
	select {
	case <-o.agreed:
		return nil
	case <-o.ended:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when it has ended: taken back, refused after a reconnect, revoked by the router,
// or with the client.
func (o *lifecycle) Done() <-chan struct{} { return o.ended }

// Err tells why it has ended: nil if its owner took it back, and while it has not.
func (o *lifecycle) Err() error {
	if !isClosed(o.ended) {
		return nil
	}
	return o.err
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// isLost reports whether an error means that the session ended before there was an answer.
func isLost(err error) bool { return errors.Is(err, ErrConnectionLost) }
