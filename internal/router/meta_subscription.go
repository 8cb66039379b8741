package router

import "github.com/tidings-io/tidings/internal/wamp"

// subscriptionProcedures are those of the subscription meta API (WAMP, "Subscription Meta API").
// Subscriptions of the router's own topics are not shown.
var subscriptionProcedures = map[wamp.URI]metaProcedure{
	"wamp.subscription.list":              {run: listSubscriptions},
	"wamp.subscription.lookup":            {params: []string{"topic", "options"}, run: lookupSubscription},
	"wamp.subscription.match":             {params: []string{"topic"}, run: matchSubscriptions},
	"wamp.subscription.get":               {params: []string{"subscription"}, run: getSubscription},
	"wamp.subscription.list_subscribers":  {params: []string{"subscription"}, run: listSubscribers},
	"wamp.subscription.remove_subscriber": {params: []string{"subscription", "subscriber"}, run: removeSubscriber},
	"wamp.subscription.count_subscribers": {params: []string{"subscription"}, run: countSubscribers},
}

func listSubscriptions(c *metaCall) (wamp.Payload, error) {
	byMatch := map[wamp.Match][]wamp.ID{wamp.MatchExact: {}, wamp.MatchPrefix: {}, wamp.MatchWildcard: {}}
	for _, sub := range c.realm.broker.all() {
		if sub.shown() {
			byMatch[sub.info.Match] = append(byMatch[sub.info.Match], sub.info.ID)
		}
	}
	return listed(byMatch)
}

// shown reports whether the subscription exists for the meta API: components of the server listen
// without being told of.
func (s *subscription) shown() bool { return !isMeta(s.info.Topic) && s.subscribers() > 0 }

func lookupSubscription(c *metaCall) (wamp.Payload, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	match, err := c.match()
	if err != nil {
		return wamp.Payload{}, err
	}
	if sub := c.realm.broker.get(Subscription{Topic: wamp.URI(topic), Match: match}); sub != nil && sub.shown() {
		return result(sub.info.ID)
	}
	return result(nil)
}

func matchSubscriptions(c *metaCall) (wamp.Payload, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	var ids []wamp.ID
	if !isMeta(wamp.URI(topic)) {
		for _, sub := range c.realm.broker.match(nil, wamp.URI(topic)) {
			if sub.shown() {
				ids = append(ids, sub.info.ID)
			}
		}
	}
	if ids == nil {
		return result(nil)
	}
	return result(ids)
}

func getSubscription(c *metaCall) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	sub.mu.RLock()
	details := sub.detailsLocked()
	sub.mu.RUnlock()
	return result(details)
}

// subscription finds the one that the caller names by id.
func (c *metaCall) subscription() (*subscription, error) {
	id, err := c.id("subscription")
	if err != nil {
		return nil, err
	}
	for _, sub := range c.realm.broker.all() {
		if sub.info.ID == id && sub.shown() {
			return sub, nil
		}
	}
	return nil, wamp.Fail(wamp.ErrNoSuchSubscription, "there is no subscription %d", id)
}

func listSubscribers(c *metaCall) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(sortedSessions(sub.sessions())))
}

func countSubscribers(c *metaCall) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(sub.subscribers())
}

// removeSubscriber is not in the specification's text, but in its interface catalog, and in Crossbar.io.
func removeSubscriber(c *metaCall) (wamp.Payload, error) {
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	removal, err := c.removal("subscriber")
	if err != nil {
		return wamp.Payload{}, err
	}
	if !c.realm.RevokeSubscription(removal.session, sub.info.ID, removal.reason) {
		return wamp.Payload{}, wamp.Fail(wamp.ErrNoSuchSubscription, "the session %d does not hold the subscription %d", removal.session.id, sub.info.ID)
	}
	return wamp.Payload{}, nil
}

func (s *subscription) sessions() []*Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*Session, len(s.members))
	for i := range s.members {
		all[i] = s.members[i].membership.session
	}
	return all
}
