package maintenance

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Subscribed implements [router.Observer]. It sends the state to a session that has just subscribed, and to
// no other. A pattern subscription that covers the topic gets changes only, as with any topic.
func (c *Component) Subscribed(s *router.Session, subscription wamp.Subscription) {
	if subscription.Match == wamp.MatchExact && subscription.Topic == Topic {
		c.publish(publication.Filter{Eligible: []wamp.ID{s.ID()}})
	}
}

// publish publishes the state, and again if the state or the roles of operators have changed meanwhile. So the last
// event of a session has the latest state, whatever publications overlap. Must not hold mu: observers run inside
// Publish.
func (c *Component) publish(filter publication.Filter) {
	for {
		published, _ := c.current()
		roles := c.operatorRoles()
		kwargs, err := published.shown(roles).encode()
		if err != nil {
			c.log.Error("the state of the site cannot be published", "error", err)
			return
		}
		_, err = c.realm.Publish(router.Publication{
			Topic:   Topic,
			Payload: wamp.Payload{Serialization: wamp.JSON, Kwargs: kwargs},
			Filter:  filter,
		})
		if err != nil {
			c.log.Error("the state of the site was not published", "error", err)
			return
		}
		if now, _ := c.current(); now.Revision == published.Revision && slices.Equal(roles, c.operatorRoles()) {
			return
		}
	}
}

// Interface guards.
var _ router.Observer = (*Component)(nil)
