package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/wire"
)

// missed is the number of events that each client has missed.
const missed = 100

func resumes() []Scenario {
	recovering := []Variant{tidingsKept, tidingsKeptMsgpack, centrifugeKeptJSON, centrifugeKeptProtobuf}
	storing := []Variant{tidingsStored}
	return []Scenario{
		{"resume", recovering, resume{connected: true}.measure},
		{"resume-storm", recovering, resume{}.measure},
		{"resume-restart-1000", storing, restart{1000, 1}.measure},
		{"resume-restart-10000", storing, restart{10_000, 1}.measure},
		{"resume-restart-10-topics", storing, restart{10_000, 10}.measure},
	}
}

// resume measures clients that come back at the same time, and that all have missed the same events.
type resume struct {
	connected bool // before it is measured: what remains is the subscription
}

func (r resume) measure(ctx context.Context, b *Bench) (Figures, error) {
	since, err := b.position(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the position: %w", err)
	}
	if err := b.keep(ctx, 1, fanoutTopic); err != nil {
		return nil, err
	}
	clients := make([]generator.Client, b.clients(stormSize))
	for i := range clients {
		clients[i] = b.client(wire.Subscriber, 2+i, fanoutTopic)
		clients[i].Since, clients[i].Missed = &since, missed
	}
	come := arrive
	if r.connected {
		come = subscribe
	}
	conns, used, err := come(ctx, b, clients)
	if err != nil {
		return nil, err
	}
	return each(used, report.CPUPerResume, len(clients)), nothingElse(conns)
}

// subscribe connects clients, and then measures their subscriptions.
func subscribe(ctx context.Context, b *Bench, clients []generator.Client) ([]*generator.Conn, generator.Result, error) {
	dialect, ok := b.Dialect.(wire.Keeper)
	if !ok {
		return nil, generator.Result{}, fmt.Errorf("the dialect %T keeps nothing", b.Dialect)
	}
	idle := slices.Clone(clients)
	for i := range idle {
		idle[i].Topics = nil
	}
	conns, err := b.Player.Connect(ctx, idle)
	if err != nil {
		return nil, generator.Result{}, err
	}
	used, err := b.used(func() error {
		return b.Player.Continue(ctx, conns, func(i int) []wire.Step { return dialect.Subscribe(clients[i].Client) })
	})
	return conns, used, err
}

// position returns the position of the topic.
func (b *Bench) position(ctx context.Context) (p wire.Position, err error) {
	witness := b.client(wire.Subscriber, 0, fanoutTopic)
	witness.Dialect = jsonOf(b.Dialect)
	witness.Told = func(told wire.Position) { p = told }
	_, err = b.connectOne(ctx, witness)
	return p, err
}

// jsonOf returns the dialect in the serialization that tells positions.
func jsonOf(d wire.Dialect) wire.Dialect {
	switch d := d.(type) {
	case wire.WAMP:
		d.Serialization = wire.JSON
		return d
	case wire.CentrifugeProtobuf:
		return wire.CentrifugeJSON{}
	}
	return d
}

// keep publishes what the clients will have missed of the topics, one publication after the other.
func (b *Bench) keep(ctx context.Context, number int, topics ...string) error {
	dialect, ok := b.Dialect.(wire.Keeper)
	if !ok {
		return fmt.Errorf("the dialect %T keeps nothing", b.Dialect)
	}
	publisher := b.client(wire.Publisher, number)
	for range missed {
		for _, topic := range topics {
			publisher.Then = append(publisher.Then, dialect.Keep(topic, short))
		}
	}
	if _, err := b.connectOne(ctx, publisher); err != nil {
		return fmt.Errorf("publish what is missed: %w", err)
	}
	return nil
}

// nothingElse returns an error if a client has got an event after those that it had missed.
func nothingElse(conns []*generator.Conn) error {
	for i, c := range conns {
		if n := c.Events(); n > 0 {
			return fmt.Errorf("client %d has got %d events more than it had missed", i, n)
		}
	}
	return nil
}

// restart measures clients that come back to a server that was killed.
type restart struct{ clients, topics int }

func (r restart) measure(ctx context.Context, b *Bench) (Figures, error) {
	clients, topics := r.followers(b)
	if _, err := b.Player.Connect(ctx, clients); err != nil {
		return nil, err
	}
	b.Player.Disconnect()
	if err := b.keep(ctx, len(clients), topics...); err != nil {
		return nil, err
	}
	b.Player.Disconnect()
	for i := range clients {
		clients[i].Visit, clients[i].Missed, clients[i].Told = 1, missed, nil
	}
	killed, worked := time.Now(), b.Player.Worked()
	b.Server.Kill()
	if err := b.Server.Restart(ctx); err != nil {
		return nil, err
	}
	conns, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, err
	}
	end, err := b.usage()
	if err != nil {
		return nil, err
	}
	reads, err := b.Server.Metric(ctx, "tidings_journal_reads_total")
	if err != nil {
		return nil, err
	}
	figures := each(end.since(usage{at: killed, worked: worked}), report.CPUPerResume, len(clients))
	figures[report.Clients], figures[report.Seconds], figures[report.StoreReads] = float64(len(clients)), end.at.Sub(killed).Seconds(), reads
	return figures, nothingElse(conns)
}

// followers returns clients that note their own position, and their topics.
func (r restart) followers(b *Bench) (clients []generator.Client, topics []string) {
	for i := range b.clients(r.topics) {
		topics = append(topics, fmt.Sprintf("load.topic.%d", i))
	}
	clients = b.subscribers(b.clients(r.clients), func(i int) string { return topics[i%len(topics)] })
	for i := range clients {
		clients[i].Told = func(p wire.Position) { clients[i].Since = &p }
	}
	return clients, topics
}
