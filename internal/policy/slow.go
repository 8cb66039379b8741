package policy

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slowPolicies returns the policy for slow clients of each declaration that has another one than closing them.
func (b *Contracts) slowPolicies() map[int]outbox.Slow {
	policies := make(map[int]outbox.Slow)
	for i, from := range b.origins {
		if from.topic == nil {
			continue
		}
		switch slow := from.topic.Slow; slow.Policy {
		case "latest":
			policies[i] = outbox.Slow{Policy: outbox.SlowLatest, Interval: time.Second / time.Duration(slow.Rate)}
		case "gap":
			policies[i] = outbox.Slow{Policy: outbox.SlowGap}
		}
	}
	return policies
}

// Slow returns a function that tells what becomes of a topic's events for clients that do not keep up. If no contract
// has another policy than closing them, the function looks up no topic.
func (p *Policy) Slow() func(wamp.URI) outbox.Slow {
	return func(uri wamp.URI) outbox.Slow {
		contracts := p.state.Load().contracts
		if len(contracts.slow) == 0 {
			return outbox.Slow{}
		}
		verdict, ok := contracts.table.Lookup(topic.Topic, uri)
		if !ok {
			return outbox.Slow{}
		}
		return contracts.slow[verdict.Contract.Declaration]
	}
}
