package scenario

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/wire"
)

// pattern is a kind of pattern. Half of the patterns are prefixes, half are wildcards, and a publication matches one
// pattern of each kind.
type pattern struct {
	match wire.Match
	text  string
}

var patternKinds = []pattern{
	{wire.Prefix, "load.tree.a%05d"},
	{wire.Prefix, "load.tree.a%05d.b"},
	{wire.Wildcard, "load.tree..b%05d.leaf"},
	{wire.Wildcard, "load.tree..b%05d."},
}

// patternConnections is the number of connections that share the patterns of one kind.
const patternConnections = 25

// manyPatterns measures that many patterns on each connection, all different.
type manyPatterns struct{ each int }

func patterns() []Scenario {
	two := []Variant{tidings, nexusJSON}
	return []Scenario{
		{"patterns-100", two, manyPatterns{1}.measure},
		{"patterns-10000", two, manyPatterns{100}.measure},
	}
}

func (m manyPatterns) measure(ctx context.Context, b *Bench) (Figures, error) {
	connections := b.clients(patternConnections)
	var clients []generator.Client
	for _, kind := range patternKinds {
		for i := range connections {
			clients = append(clients, m.client(b, kind, placed{len(clients), i}))
		}
	}
	subscribers, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, err
	}
	publisher, err := b.connectOne(ctx, b.client(wire.Publisher, len(clients)))
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	result, err := b.play(ctx, generator.Traffic{
		Streams: []generator.Stream{{
			Publisher: publisher, Append: m.walk(b.Dialect, connections),
			Subscribers: subscribers, Deliveries: len(patternKinds),
		}},
		Window: inFlight,
	})
	if err != nil {
		return nil, err
	}
	figures := events(result)
	figures[report.CPUPerPublication] = microseconds(result.ServerCPU) / float64(result.Publications)
	return figures, nil
}

// placed holds a client's number, and its position among the clients with the same kind of pattern.
type placed struct{ number, place int }

func (m manyPatterns) client(b *Bench, kind pattern, p placed) generator.Client {
	c := b.client(wire.Subscriber, p.number)
	c.Match = kind.match
	for i := range m.each {
		c.Topics = append(c.Topics, fmt.Sprintf(kind.text, p.place*m.each+i))
	}
	return c
}

// walk publishes to every topic in turn. Consecutive topics belong to different connections, because events to the
// same connection would share a write.
func (m manyPatterns) walk(dialect wire.Dialect, connections int) func([]byte) []byte {
	topics := connections * m.each
	publications := make([][]byte, 0, topics)
	for within := range m.each {
		for place := range connections {
			a := place*m.each + within
			topic := fmt.Sprintf("load.tree.a%05d.b%05d.leaf", a, (a*7+3)%topics)
			publications = append(publications, dialect.AppendPublish(nil, topic, short))
		}
	}
	next := 0
	return func(dst []byte) []byte {
		next = (next + 1) % topics
		return append(dst, publications[next]...)
	}
}
