package meta

import (
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The meta events (WAMP, "Session Meta API", "Subscription Meta API", "Registration Meta API").
const (
	onJoin  wamp.URI = "wamp.session.on_join"
	onLeave wamp.URI = "wamp.session.on_leave"

	onSubscriptionCreate wamp.URI = "wamp.subscription.on_create"
	onSubscribe          wamp.URI = "wamp.subscription.on_subscribe"
	onUnsubscribe        wamp.URI = "wamp.subscription.on_unsubscribe"
	onSubscriptionDelete wamp.URI = "wamp.subscription.on_delete"

	onRegistrationCreate wamp.URI = "wamp.registration.on_create"
	onRegister           wamp.URI = "wamp.registration.on_register"
	onUnregister         wamp.URI = "wamp.registration.on_unregister"
	onRegistrationDelete wamp.URI = "wamp.registration.on_delete"
)

// Changed publishes the events of a change.
func (c *component) Changed(change router.Change) {
	s := change.Session
	switch change.Kind {
	case router.ChangeJoined:
		c.publish(s, onJoin, sessionDetails(s))
	case router.ChangeLeft:
		c.publish(s, onLeave, s.ID(), s.Identity().ID, s.Identity().Role())
	case router.ChangeSubscribed, router.ChangeUnsubscribed:
		c.subscriptionChanged(change)
	case router.ChangeRegistered:
		if change.Holders == 1 {
			c.publish(s, onRegistrationCreate, s.ID(), registrationDetails(&change.Registration))
		}
		c.publish(s, onRegister, s.ID(), change.Registration.ID)
	case router.ChangeUnregistered:
		c.publish(s, onUnregister, s.ID(), change.Registration.ID)
		if change.Holders == 0 {
			c.publish(s, onRegistrationDelete, s.ID(), change.Registration.ID)
		}
	}
}

func (c *component) subscriptionChanged(change router.Change) {
	s, sub := change.Session, &change.Subscription
	switch {
	case isMeta(sub.Topic):
	case change.Kind == router.ChangeSubscribed:
		if change.Holders == 1 {
			c.publish(s, onSubscriptionCreate, s.ID(), subscriptionDetails(sub))
		}
		c.publish(s, onSubscribe, s.ID(), sub.ID)
	default:
		c.publish(s, onUnsubscribe, s.ID(), sub.ID)
		if change.Holders == 0 {
			c.publish(s, onSubscriptionDelete, s.ID(), sub.ID)
		}
	}
}

// publish publishes an event to all subscribers but the session that caused it, which knows.
func (c *component) publish(cause *router.Session, topic wamp.URI, args ...any) {
	payload, err := wamp.NewPayload(args, nil)
	if err != nil {
		c.log.Error("a meta event was not encoded", "topic", string(topic), "error", err)
		return
	}
	_, err = c.realm.Publish(router.Publication{
		Topic: topic, Payload: payload, Filter: publication.Filter{Exclude: []wamp.ID{cause.ID()}},
	})
	if err != nil {
		c.log.Error("a meta event was not published", "topic", string(topic), "error", err)
	}
}

// isMeta reports whether the URI is below wamp. Such subscriptions are not told about: which sessions watch is private,
// and watching would cause events about itself.
func isMeta(uri wamp.URI) bool {
	first, _, _ := strings.Cut(string(uri), ".")
	return first == wamp.FirstProtocol
}

// timestamp formats a time as the specification's ISO 8601, in UTC and with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
