package policy

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The names of what has no contract of its own in metrics.
const (
	underPatterns = "(patterns)"   // subscriptions of patterns: several contracts may govern their topics
	undeclared    = "(undeclared)" // topics without a contract
)

// contractMeters count the events of each contract, by its pattern. They go on counting when the configuration is read
// again. There are as many as contracts.
type contractMeters struct {
	mu  sync.Mutex // guards all; a leaf
	all map[string]*meter.Topic
}

// of returns the meter of a contract.
func (c *contractMeters) of(pattern string) *meter.Topic {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.all[pattern]
	if m == nil {
		m = new(meter.Topic)
		c.all[pattern] = m
	}
	return m
}

// keep makes meters for the contracts of the configuration, and forgets those of contracts that are gone.
func (c *contractMeters) keep(b *Contracts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	former := c.all
	c.all = make(map[string]*meter.Topic)
	for _, contract := range b.table.Contracts() {
		if contract.Kind != topic.Topic {
			continue
		}
		pattern := contract.Pattern.String()
		switch m := former[pattern]; {
		case m != nil:
			c.all[pattern] = m
		case !b.origins[contract.Declaration].hidden:
			c.all[pattern] = new(meter.Topic)
		}
	}
	for _, name := range []string{underPatterns, undeclared} {
		if m := former[name]; m != nil {
			c.all[name] = m
		}
	}
}

// Meter returns a function that tells what counts the events of a subscription.
func (p *Policy) Meter() func(wamp.Subscription) *meter.Topic {
	return func(s wamp.Subscription) *meter.Topic {
		if s.Match != wamp.MatchExact {
			return p.meters.of(underPatterns)
		}
		contract := p.state.Load().contracts.table.Governing(topic.Topic, s.Topic)
		if contract == nil {
			return p.meters.of(undeclared)
		}
		return p.meters.of(contract.Pattern.String())
	}
}

// Meters returns the meters with the patterns of their contracts, in the order of the patterns.
func (p *Policy) Meters() iter.Seq2[string, *meter.Topic] {
	p.meters.mu.Lock()
	all := maps.Clone(p.meters.all)
	p.meters.mu.Unlock()
	return func(yield func(string, *meter.Topic) bool) {
		for _, pattern := range slices.Sorted(maps.Keys(all)) {
			if !yield(pattern, all[pattern]) {
				return
			}
		}
	}
}
