package client

import (
	"context"
	"errors"
	"time"
)

// lifecycle is the state of a subscription or registration: requested, agreed, ended. The client's lock guards the
// transitions.
type lifecycle struct {
	agreed chan struct{} // closed when the router first agrees
	ended  chan struct{} // closed when the subscription or registration ends
	err    error         // why it ended; written before ended is closed, never after
	tries  int           // temporary refusals in a row
}

func newLifecycle() lifecycle {
	return lifecycle{agreed: make(chan struct{}), ended: make(chan struct{})}
}

func (o *lifecycle) settleLocked() {
	o.tries = 0
	if !isClosed(o.agreed) {
		close(o.agreed)
	}
}

// laterLocked runs request again after a pause, and reports true, if a refusal is temporary and the router has agreed
// before. A first request is not repeated: its caller gets the error. Caller must hold client.mu.
func (o *lifecycle) laterLocked(l *link, refusal error, request func()) bool {
	var answer *Error
	if !errors.As(refusal, &answer) || !answer.Temporary() || !isClosed(o.agreed) {
		return false
	}
	o.tries++
	time.AfterFunc(l.client.config.Reconnect.pause(o.tries), func() {
		l.client.mu.Lock()
		defer l.client.mu.Unlock()
		if l.client.link == l && !isClosed(o.ended) {
			request()
		}
	})
	return true
}

func (o *lifecycle) finishLocked(err error) {
	if !isClosed(o.ended) {
		o.err = err
		close(o.ended)
	}
}

// wait blocks until the router has agreed or refused.
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

// Done is closed when the subscription or registration has ended: canceled, refused after a reconnect, revoked by the
// router, or together with the client.
func (o *lifecycle) Done() <-chan struct{} { return o.ended }

// Err returns the reason of the end: nil if it was canceled, and nil before the end.
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
