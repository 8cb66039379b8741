package policy

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slowPolicies returns the policy for slow clients of each declaration that has another one than closing them.
func (b *Contracts) slowPolicies() (policies perTopic[outbox.Slow]) {
	for i, from := range b.origins {
		if from.topic == nil {
			continue
		}
		switch slow := from.topic.Slow; slow.Policy {
		case "latest":
			policies.put(b, i, outbox.Slow{Policy: outbox.SlowLatest, Interval: time.Second / time.Duration(slow.Rate)})
		case "gap":
			policies.put(b, i, outbox.Slow{Policy: outbox.SlowGap})
		}
	}
	return policies
}

// Slow returns a function that tells what becomes of a topic's events for clients that do not keep up.
func (p *Policy) Slow() func(wamp.URI) outbox.Slow {
	return func(uri wamp.URI) outbox.Slow {
		contracts := p.state.Load().contracts
		return contracts.slow.of(contracts, uri)
	}
}
