package policy

import (
	"context"
	"fmt"
	"sync"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Run publishes at intervals, and checks again what sessions hold when that is wanted, until ctx ends.
func (p *Policy) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var rechecks sync.WaitGroup
	defer rechecks.Wait()
	rechecks.Go(func() { p.rechecks.run(ctx) })
	for ctx.Err() == nil {
		if err := p.publishUntilSwapped(ctx); err != nil {
			return err
		}
	}
	return nil
}

// publishUntilSwapped publishes at the intervals of the present contracts, until ctx ends or Swap
// replaces them.
func (p *Policy) publishUntilSwapped(ctx context.Context) error {
	schedules, err := p.state.Load().contracts.schedules()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- hook.NewPeriodic(p.realm, schedules).Run(ctx) }()
	select {
	case <-p.swapped:
		cancel()
		return <-ended
	case err := <-ended:
		return err
	}
}

// schedules returns the periodic publications of the contracts.
func (b *Contracts) schedules() ([]hook.Schedule, error) {
	var schedules []hook.Schedule
	for _, contract := range b.table.Contracts() {
		t := b.origins[contract.Declaration].topic
		if t == nil || t.Every == nil {
			continue
		}
		schedule, err := b.schedule(contract, t.Every)
		if err != nil {
			return nil, fmt.Errorf("the periodic publication of %s: %w", contract.Pattern, err)
		}
		schedules = append(schedules, schedule)
	}
	return schedules, nil
}

// schedule returns the periodic publication of one contract. If two patterns match one topic, only the
// more specific contract publishes there.
func (b *Contracts) schedule(contract *topic.Contract, every *config.Every) (hook.Schedule, error) {
	payload, err := wamp.NewPayload(every.Args, every.Kwargs)
	if err != nil {
		return hook.Schedule{}, err
	}
	schedule := hook.Schedule{
		Every:   every.Interval,
		Payload: payload,
		Match: func(uri string) bool {
			verdict, ok := b.table.Lookup(topic.Topic, wamp.URI(uri))
			return ok && verdict.Contract.Declaration == contract.Declaration
		},
	}
	if contract.Pattern.Literal() {
		schedule.Topic = wamp.URI(contract.Pattern.String())
	}
	return schedule, b.table.CheckPayload(context.Background(), contract, payload)
}
