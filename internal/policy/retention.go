package policy

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

var retainModes = map[string]router.RetainPolicy{
	"asked": router.RetainOnRequest, "never": router.RetainNever, "always": router.RetainAlways,
}

// retentions returns the retention of each declaration that differs from the default.
func (b *Contracts) retentions() map[int]router.Retention {
	policies := make(map[int]router.Retention)
	for i, from := range b.origins {
		if from.topic == nil {
			continue
		}
		if policy := (router.Retention{Retain: retainModes[from.topic.Retain], History: from.topic.History}); policy != (router.Retention{}) {
			policies[i] = policy
		}
	}
	return policies
}

// Retention returns a function that tells which publications of a topic are kept. It returns nil if
// all contracts have the default: then the router looks up no topic.
func (p *Policy) Retention() func(wamp.URI) router.Retention {
	if len(p.state.Load().contracts.retention) == 0 {
		return nil
	}
	return func(uri wamp.URI) router.Retention {
		contracts := p.state.Load().contracts
		verdict, ok := contracts.table.Lookup(topic.Topic, uri)
		if !ok {
			return router.Retention{}
		}
		return contracts.retention[verdict.Contract.Declaration]
	}
}
