package policy

import (
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

var retainModes = map[string]publication.RetainPolicy{
	"asked": publication.RetainOnRequest, "never": publication.RetainNever, "always": publication.RetainAlways,
}

// retentions returns the retention of each declaration of which anything is kept.
func (b *Contracts) retentions() map[int]publication.Retention {
	policies := make(map[int]publication.Retention)
	for i, from := range b.origins {
		if from.topic == nil {
			continue
		}
		policy := publication.Retention{Retain: retainModes[from.topic.Retain], History: from.topic.History, Contract: from.topic.Pattern.Value}
		if policy.Retain != publication.RetainNever || policy.History > 0 {
			policies[i] = policy
		}
	}
	return policies
}

// Retention returns a function that tells which publications of a topic are kept: nothing without a contract that says
// so. If no contract does, the function looks up no topic.
func (p *Policy) Retention() func(wamp.URI) publication.Retention {
	return func(uri wamp.URI) publication.Retention {
		contracts := p.state.Load().contracts
		if len(contracts.retention) == 0 {
			return publication.Retention{}
		}
		verdict, ok := contracts.table.Lookup(topic.Topic, uri)
		if !ok {
			return publication.Retention{}
		}
		return contracts.retention[verdict.Contract.Declaration]
	}
}
