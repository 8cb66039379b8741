package server

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

var retentions = map[string]router.RetainPolicy{
	"asked": router.RetainOnRequest, "never": router.RetainNever, "always": router.RetainAlways,
}

// keeping says what is kept of which topic. It is nil, and no publication has to be looked up, where
// no contract says anything about it.
func (b *contracts) keeping() func(wamp.URI) router.Retention {
	policies := make(map[int]router.Retention) // by index of the declaration
	for i, d := range b.declared {
		if d.topic == nil {
			continue
		}
		policy := router.Retention{Retain: retentions[d.topic.Retain], History: d.topic.History}
		if policy != (router.Retention{}) {
			policies[i] = policy
		}
	}
	if len(policies) == 0 {
		return nil
	}
	return func(uri wamp.URI) router.Retention {
		verdict, ok := b.table.Lookup(topic.Topic, uri)
		if !ok {
			return router.Retention{}
		}
		return policies[verdict.Contract.Declaration]
	}
}
