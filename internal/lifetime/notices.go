package lifetime

import (
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The topics. Each event is for one session.
const (
	TopicExpiring wamp.URI = "tidings.session.expiring"
	TopicRevoked  wamp.URI = "tidings.session.revoked"
)

// noticeBefore is the time from the notice to the end of a session, which a page has to get a ticket and to renew. A
// session that has less than four times as long gets the notice after three quarters of its time.
const noticeBefore = time.Minute

// schedule sets the time of the notice for a session, or none if it has no end.
func (c *component) schedule(s *router.Session) {
	at := time.Time{}
	if left, ends := s.Identity().Left(time.Now()); ends {
		at = s.Identity().Expires.Add(-min(noticeBefore, left/4))
	}
	c.notices.Set(s, at)
	if s.Reason() != outbox.CloseNone { // a session has its reason before Left is called
		c.notices.Set(s, time.Time{})
	}
}

// tellExpiring tells the sessions that are about to end. It runs in the goroutine of the timer.
func (c *component) tellExpiring() {
	for _, s := range c.notices.TakeDue(time.Now(), nil) {
		if left, ends := s.Identity().Left(time.Now()); !ends || left > noticeBefore { // renewed at the same moment
			c.schedule(s)
			continue
		}
		c.tell(s, TopicExpiring, wamp.Dict{"ends_in": secondsLeft(s.Identity())})
	}
}

// Revoked implements [router.RevocationObserver]. Sessions that announced the feature have got UNSUBSCRIBED or
// UNREGISTERED already; for all others this is the only notice.
func (c *component) Revoked(s *router.Session, v peer.Revocation) {
	kind := "subscription"
	if v.Action == peer.Register {
		kind = "registration"
	}
	c.tell(s, TopicRevoked, wamp.Dict{
		"kind": kind, "uri": string(v.URI), "match": v.Match.String(), "reason": string(v.Reason), "message": v.Text,
	})
}

// tell publishes an event for one session.
func (c *component) tell(s *router.Session, topic wamp.URI, event wamp.Dict) {
	payload, err := wamp.NewPayload(nil, event)
	if err == nil {
		_, err = c.realm.Publish(router.Publication{
			Topic: topic, Payload: payload, Filter: publication.Filter{Eligible: []wamp.ID{s.ID()}},
		})
	}
	if err != nil {
		c.log.Error("a notice about a session was not published", "topic", string(topic), "session", uint64(s.ID()), "error", err)
	}
}
