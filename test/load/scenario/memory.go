package scenario

import (
	"context"

	"github.com/tidings-io/tidings/test/load/report"
)

func memory() []Scenario {
	return []Scenario{
		{"memory", []Variant{floorEach, tidings, tidingsTLS, centrifugeJSON, nexusJSON, mercure}, resting},
	}
}

// resting measures clients that are subscribed and wait.
func resting(ctx context.Context, b *Bench) (Figures, error) {
	before, err := b.Server.SettledRSS(ctx, 5*b.Settle, b.Player.Idle)
	if err != nil {
		return nil, err
	}
	n := b.Resting
	if _, err := b.Player.Connect(ctx, b.subscribers(n, func(int) string { return fanoutTopic })); err != nil {
		return nil, err
	}
	after, err := b.Server.SettledRSS(ctx, 5*b.Settle, b.Player.Idle)
	if err != nil {
		return nil, err
	}
	return Figures{report.RSSPerConnection: float64(after-before) / 1024 / float64(n)}, nil
}
