package maintenance

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Subscribed tells the state to a session that has just subscribed, and to it alone. A pattern
// that covers the topic hears of changes only, as with any topic.
func (c *Component) Subscribed(s *router.Session, subscription router.Subscription) {
	if subscription.Match == wamp.MatchExact && subscription.Topic == Topic {
		c.publish(router.Filter{Eligible: []wamp.ID{s.ID()}})
	}
}

// publish tells the state, and tells it again if it changed meanwhile: the last that anybody hears
// is always the latest, whoever publishes at the same time. No lock is held, since what a
// publication causes may come back here.
func (c *Component) publish(filter router.Filter) {
	for {
		told, _ := c.current()
		kwargs, err := told.shown(c.options.OperatorRoles).encode()
		if err != nil {
			c.log.Error("the state of the site cannot be told", "error", err)
			return
		}
		c.options.Realm.Publish(router.Publication{
			Topic:   Topic,
			Payload: wamp.Payload{Serialization: wamp.JSON, Kwargs: kwargs},
			Filter:  filter,
		})
		if now, _ := c.current(); now.Revision == told.Revision {
			return
		}
	}
}

// Interface guards.
var _ router.Observer = (*Component)(nil)
