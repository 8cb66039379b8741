package demo

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	tidings "github.com/tidings-io/tidings"
)

const (
	// tickEvery makes 320 ticks a second over eight symbols.
	tickEvery = 25 * time.Millisecond
	// lookEvery is the interval of looking for subscribers while there are none.
	lookEvery = 200 * time.Millisecond
	// volatility is the standard deviation of one step, relative to the price.
	volatility = 0.0006
	// pull is the share of the distance to its start that a price returns in each step. It keeps prices realistic.
	pull = 0.0005
)

// symbol is a price that moves.
type symbol struct {
	topic       string
	start, last float64
}

// ticker publishes prices while they have subscribers.
type ticker struct{ symbols []symbol }

func newTicker() *ticker {
	t := &ticker{}
	for _, s := range []struct {
		name  string
		start float64
	}{
		{"ACME", 128.40},
		{"BOLT", 42.15},
		{"CRUX", 310.00},
		{"DUNE", 17.62},
		{"ECHO", 76.05},
		{"FLUX", 204.80},
		{"GLOW", 9.34},
		{"HALO", 55.50},
	} {
		t.symbols = append(t.symbols, symbol{topic: "price." + s.name, start: s.start, last: s.start})
	}
	return t
}

func (t *ticker) run(ctx context.Context, server *tidings.Server) {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	running := false
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-clock.C:
			subscribed := t.subscribers(server) > 0
			if subscribed != running {
				running = subscribed
				clock.Reset(pace(running))
			}
			if running {
				t.tick(ctx, server, now)
			}
		}
	}
}

func pace(running bool) time.Duration {
	if running {
		return tickEvery
	}
	return lookEvery
}

func (t *ticker) subscribers(server *tidings.Server) (n int) {
	for _, s := range t.symbols {
		n += server.Realm().Subscribers(s.topic)
	}
	return n
}

func (t *ticker) tick(ctx context.Context, server *tidings.Server, now time.Time) {
	for i := range t.symbols {
		s := &t.symbols[i]
		s.last = step(*s, rand.NormFloat64())
		tick := map[string]any{"t": now.UnixMilli(), "p": s.last}
		if _, err := server.Realm().Publish(ctx, s.topic, tidings.Args(tick), nil); err != nil {
			return // the server stops, or refuses every tick and logs the reason
		}
	}
}

// step moves a price by a random amount, in cents.
func step(s symbol, random float64) float64 {
	next := s.last * (1 + volatility*random)
	next += (s.start - s.last) * pull
	return math.Max(0.01, math.Round(next*100)/100)
}
