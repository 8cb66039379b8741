package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// run serves one connection after the other until the client ends.
func (c *Client) run(l *link) {
	dispatched := make(chan struct{})
	go func() {
		defer close(dispatched)
		c.dispatch()
	}()
	var err error
	for try := 0; l != nil; {
		began := time.Now()
		err = c.serve(l)
		if time.Since(began) >= c.config.Reconnect.Max {
			try = 0 // only a session that lasted resets the back-off: a server that accepts and drops clients is in trouble
		}
		l, try, err = c.reconnect(try, err)
	}
	c.finish(err)
	c.handlers.Wait()
	<-dispatched
	close(c.done)
}

// serve runs one session until it ends, and returns the reason.
func (c *Client) serve(l *link) error {
	stop := context.AfterFunc(c.life, func() { l.socket.conn.Close() }) // the reader reports the end
	defer stop()
	written := make(chan struct{})
	go func() {
		defer close(written)
		l.write()
	}()
	err := l.read()
	err = c.detach(l, err)
	<-written
	l.socket.conn.Close() // its error has no consequence any more
	return err
}

// attach makes the link current and restores subscriptions and registrations on it.
func (c *Client) attach(l *link) {
	c.mu.Lock()
	c.link = l
	c.showConnectionLocked(Live, nil)
	for _, h := range slices.Clone(c.shared) {
		l.askLocked(h)
	}
	for _, r := range c.registrations {
		l.registerLocked(r)
	}
	session := l.session.ID
	l.startRenewals()
	c.changedLocked()
	c.mu.Unlock()
	c.tellState(StateChange{State: Connected, Session: session})
}

// detach ends the pending requests, invocations and session-bound subscriptions of the link.
func (c *Client) detach(l *link, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.cause != nil {
		err = l.cause
	}
	lost := fmt.Errorf("%w: %w", ErrConnectionLost, err)
	c.link = nil
	if l.endRenewals != nil { // first, so that a renewal under way knows why it fails
		l.endRenewals()
	}
	for id, r := range l.pending {
		delete(l.pending, id)
		r.settle(nil, lost)
	}
	for _, cancel := range l.invocations {
		cancel()
	}
	c.showConnectionLocked(Stale, lost)
	c.interruptLocked(lost)
	c.forgetSessionBoundLocked(lost)
	c.changedLocked()
	close(l.gone)
	return err
}

// reconnect waits and tries until there is a session. A nil link means that the client has ended, for the returned
// reason.
func (c *Client) reconnect(try int, cause error) (*link, int, error) {
	for {
		if c.isLeaving() {
			return nil, 0, nil
		}
		limit := c.config.Reconnect.Tries
		if c.config.Reconnect.Off || final(cause, c.loginOnce) || limit > 0 && try >= limit {
			return nil, 0, cause
		}
		try++
		wait := c.config.Reconnect.pause(try)
		if told, ok := errors.AsType[*Error](cause); ok && told.retryAfter > 0 {
			wait = told.retryAfter // which the router spreads over its clients
		}
		c.tellState(StateChange{State: Waiting, Try: try, Wait: wait, Err: cause})
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.life.Done():
			timer.Stop()
			return nil, 0, nil
		}
		c.tellState(StateChange{State: Connecting, Try: try})
		l, err := c.join(c.life)
		if err == nil {
			c.attach(l)
			return l, try, nil
		}
		cause = err
	}
}

func (c *Client) isLeaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

// finish records the end of the client. err is nil if the user has closed it.
func (c *Client) finish(err error) {
	c.mu.Lock()
	c.ended, c.err = true, err
	reason := c.closedLocked()
	c.showConnectionLocked(Ended, err)
	for _, h := range c.shared {
		for _, s := range slices.Concat(h.members, h.waiting) {
			s.endLocked(reason)
		}
	}
	for _, r := range c.registrations {
		r.finishLocked(reason)
	}
	clear(c.topics)
	c.shared, c.registrations = nil, nil
	c.changedLocked()
	c.mu.Unlock()
	c.end()
	c.inbox.close()
	c.tellState(StateChange{State: Closed, Err: err})
	close(c.down)
}

// forgetSessionBoundLocked ends registrations for one session only. Caller must hold mu.
func (c *Client) forgetSessionBoundLocked(reason error) {
	registrations := c.registrations
	c.registrations = nil
	for _, r := range registrations {
		if r.options.ThisSession {
			r.finishLocked(reason)
		} else {
			c.registrations = append(c.registrations, r)
		}
	}
}

// showConnectionLocked changes the status of the connection. Caller must hold mu.
func (c *Client) showConnectionLocked(freshness Freshness, err error) {
	c.connection = c.connection.follow(freshness, err, time.Now())
	c.showLocked()
}

// errRevoked is the reason of a subscription or registration that the router has revoked.
var errRevoked = errors.New("revoked by the router")

// revocation returns the error of a revocation, with the reason and the text that the router gave as an [*Error].
func revocation(details wamp.Dict) error {
	reason, ok := details.String("reason")
	if !ok {
		return errRevoked
	}
	text, _ := details.String("_message") // other routers send none
	return fmt.Errorf("%w: %w", errRevoked, &Error{URI: reason, Message: text})
}
