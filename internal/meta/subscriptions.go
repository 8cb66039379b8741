package meta

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// subscriptionProcedures are those of the subscription meta API (WAMP, "Subscription Meta API"). Subscriptions to
// topics below wamp. are not shown.
var subscriptionProcedures = map[wamp.URI]procedure{
	"wamp.subscription.list":              {run: listSubscriptions},
	"wamp.subscription.lookup":            {params: []string{"topic", "options"}, run: lookupSubscription},
	"wamp.subscription.match":             {params: []string{"topic"}, run: matchSubscriptions},
	"wamp.subscription.get":               {params: []string{"subscription"}, run: getSubscription},
	"wamp.subscription.list_subscribers":  {params: []string{"subscription"}, run: listSubscribers},
	"wamp.subscription.remove_subscriber": {params: []string{"subscription", "subscriber"}, run: removeSubscriber},
	"wamp.subscription.count_subscribers": {params: []string{"subscription"}, run: countSubscribers},
}

func listSubscriptions(c *call) (wamp.Payload, error) {
	ids := newIDsByMatch()
	all := c.realm.Subscriptions()
	c.charge(len(all))
	for _, sub := range all {
		if !isMeta(sub.Topic) {
			ids[sub.Match] = append(ids[sub.Match], sub.ID)
		}
	}
	return ids.result()
}

func lookupSubscription(c *call) (wamp.Payload, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	match, err := c.match()
	if err != nil {
		return wamp.Payload{}, err
	}
	if sub, ok := c.realm.Subscription(wamp.URI(topic), match); ok && !isMeta(sub.Topic) {
		return result(sub.ID)
	}
	return result(nil)
}

func matchSubscriptions(c *call) (wamp.Payload, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	var ids []wamp.ID
	if !isMeta(wamp.URI(topic)) {
		all := c.realm.SubscriptionsFor(wamp.URI(topic))
		c.charge(len(all))
		for _, sub := range all {
			ids = append(ids, sub.ID)
		}
	}
	if ids == nil {
		return result(nil)
	}
	return result(ids)
}

func getSubscription(c *call) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(subscriptionDetails(&sub))
}

func listSubscribers(c *call) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	all := sortedSessions(c.realm.SubscribersOf(sub.ID))
	c.charge(len(all))
	return result(idsOf(all))
}

func countSubscribers(c *call) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(sub.Subscribers)
}

// removeSubscriber is not in the specification's text, but in its interface catalog, and in Crossbar.io.
func removeSubscriber(c *call) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	removed, err := c.removal("subscriber")
	if err != nil {
		return wamp.Payload{}, err
	}
	if !c.realm.RevokeSubscription(removed.session, sub.ID, removed.reason) {
		return wamp.Payload{}, wamp.Fail(wamp.ErrNoSuchSubscription,
			"the session %d does not hold the subscription %d", removed.session.ID(), sub.ID)
	}
	return wamp.Payload{}, nil
}

// subscription returns the subscription whose id is the argument.
func (c *call) subscription() (router.SubscriptionInfo, error) {
	id, err := c.id("subscription")
	if err != nil {
		return router.SubscriptionInfo{}, err
	}
	return c.subscriptionByID(id)
}

func (c *call) subscriptionByID(id wamp.ID) (router.SubscriptionInfo, error) {
	sub, ok := c.realm.SubscriptionByID(id)
	if !ok || isMeta(sub.Topic) {
		return router.SubscriptionInfo{}, noSuchSubscription(id)
	}
	return sub, nil
}

func noSuchSubscription(id wamp.ID) error {
	return wamp.Fail(wamp.ErrNoSuchSubscription, "there is no subscription %d", id)
}

func subscriptionDetails(sub *router.SubscriptionInfo) wamp.Dict {
	return wamp.Dict{
		"id":      sub.ID,
		"created": timestamp(sub.Created),
		"uri":     string(sub.Topic),
		"match":   sub.Match.String(),
	}
}

// idsByMatch are ids of subscriptions or registrations, as list tells them.
type idsByMatch map[wamp.Match][]wamp.ID

func newIDsByMatch() idsByMatch {
	return idsByMatch{wamp.MatchExact: {}, wamp.MatchPrefix: {}, wamp.MatchWildcard: {}}
}

func (byMatch idsByMatch) result() (wamp.Payload, error) {
	all := wamp.Dict{}
	for match, ids := range byMatch {
		slices.Sort(ids)
		all[match.String()] = ids
	}
	return result(all)
}
