package policy

import (
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// retentions returns the retention of each declaration of which anything is kept.
func (b *Contracts) retentions() (policies perTopic[publication.Retention]) {
	for i, from := range b.origins {
		policy := publication.Retention{Contract: b.declarations[i].Pattern}
		keep := from.keep
		if from.topic != nil {
			policy.Asked, keep = from.topic.Retain == "asked", from.topic.Keep
		}
		if keep != nil {
			policy.Keep = publication.Keep{Last: keep.Last, For: keep.For, Bytes: int(keep.Bytes), PerKey: keep.Per == "key"}
		}
		if policy.Asked || policy.Sequenced() {
			policies.put(b, i, policy)
		}
	}
	return policies
}

// Retention returns a function that tells which publications of a topic are kept: nothing without a contract that says
// so.
func (p *Policy) Retention() func(wamp.URI) publication.Retention {
	return func(uri wamp.URI) publication.Retention {
		contracts := p.state.Load().contracts
		return contracts.retention.of(contracts, uri)
	}
}
