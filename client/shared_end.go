package client

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// releaseLocked forgets a subscription without handlers, and sends UNSUBSCRIBE. It reports whether answer will be sent
// to. A SUBSCRIBE under way keeps the subscription, because the router counts all of them as one. Caller must hold mu.
func (c *Client) releaseLocked(h *sharedSubscription, answer chan error) bool {
	if len(h.members)+len(h.waiting) > 0 || h.asked || c.topics[h.key] != h {
		return false
	}
	delete(c.topics, h.key)
	c.shared = slices.DeleteFunc(c.shared, func(other *sharedSubscription) bool { return other == h })
	l, id := c.link, h.id
	if l == nil || id == 0 {
		return false
	}
	delete(l.held, id)
	_, err := l.requestLocked(wamp.CodeUnsubscribe, outbound{
		message: func(request wamp.ID) wamp.Message { return &wamp.Unsubscribe{Request: request, Subscription: id} },
		settle:  func(_ wamp.Message, err error) { tell(answer, err) },
	})
	if err != nil {
		tell(answer, err)
	}
	return true
}

// interruptLocked is called when the session has ended. Caller must hold mu.
func (c *Client) interruptLocked(cause error) {
	for _, h := range slices.Clone(c.shared) {
		h.id, h.asked, h.paused, h.tries, h.retainedFor = 0, false, false, 0, nil
		h.progress = h.progress.interrupt()
		h.turn++
		for _, s := range slices.Concat(h.members, h.waiting) {
			if s.options.ThisSession {
				h.removeLocked(s)
				s.endLocked(cause)
			}
		}
		for _, s := range h.members {
			s.showLocked(Stale, cause)
		}
		c.releaseLocked(h, nil)
	}
}

// revokeSubscription ends a subscription that the router has revoked.
func (l *link) revokeSubscription(details wamp.Dict) {
	id, _ := details.ID("subscription") // without an id there is no subscription to end
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	h := l.held[id]
	if h == nil {
		return
	}
	why := revocation(details)
	delete(l.held, id)
	h.id = 0
	for _, s := range h.members {
		h.removeLocked(s)
		s.endLocked(why)
	}
	if !c.releaseLocked(h, nil) {
		l.askLocked(h)
	}
}
