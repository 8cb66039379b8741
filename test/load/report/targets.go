package report

// rule is what a target asks for.
type rule int

const (
	atMost   rule = iota // the figure itself is at most limit
	timesOf              // the figure is at most limit times that of the best of than
	lowestOf             // the figure is lower than that of each of than
	growthOf             // the figure has grown, since the scenario from, at most limit times as much as with than
)

// target is what Tidings sets out to reach. Medians are compared, and lower is better in all of them.
type target struct {
	scenario string
	figure   string
	server   string
	rule     rule
	limit    float64
	than     []string
	whom     string // than, in words
	from     string // a scenario, for growthOf
	note     string // what else to know about it
}

// targets are the rows of "In short", in their order.
var targets = []target{
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.25, than: floors[1:], whom: "the floor with queues"},
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.4, than: centrifuge, whom: "Centrifuge"},
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.06, than: nexus, whom: "nexus"},

	{scenario: "fanout-1000-rate", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.15, than: floors, whom: "the floor"},
	{scenario: "fanout-1000-rate", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.45, than: centrifuge, whom: "Centrifuge"},
	{scenario: "fanout-1000-rate", figure: LatencyP50, server: "tidings", rule: timesOf, limit: 1.2, than: floors, whom: "the floor"},
	{scenario: "fanout-1000-rate", figure: LatencyP50, server: "tidings", rule: lowestOf, than: peers, whom: "every other server"},
	{scenario: "fanout-1000-rate", figure: LatencyP99, server: "tidings", rule: timesOf, limit: 1.2, than: floors, whom: "the floor"},
	{scenario: "fanout-1000-rate", figure: LatencyP99, server: "tidings", rule: lowestOf, than: peers, whom: "every other server"},

	{scenario: "fanout-10000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.2, than: centrifuge, whom: "Centrifuge"},
	{
		scenario: "fanout-10000-saturated", figure: CPUPerEvent, server: "tidings", rule: growthOf, limit: 1.1, than: floors[1:], whom: "the floor with queues",
		from: "fanout-1000-saturated",
	},

	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.3, than: floors, whom: "the floor"},
	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.4, than: centrifuge, whom: "Centrifuge"},
	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.25, than: nexus, whom: "nexus"},

	{scenario: "deflate", figure: CPUPerEvent, server: "tidings-deflate", rule: timesOf, limit: 1.3, than: []string{"tidings"}, whom: "the same without compression"},

	{scenario: "rpc-pipelined", figure: CPUPerCall, server: "tidings-json", rule: timesOf, limit: 0.3, than: nexus, whom: "nexus"},

	{scenario: "storm", figure: CPUPerConnection, server: "tidings", rule: timesOf, limit: 0.6, than: centrifuge[:1], whom: "Centrifuge"},
	{scenario: "storm", figure: CPUPerConnection, server: "tidings", rule: timesOf, limit: 0.4, than: nexus[:1], whom: "nexus"},

	{
		scenario: "memory", figure: RSSPerConnection, server: "tidings", rule: atMost, limit: 2,
		note: "5 KiB with a goroutine for each connection",
	},
	{scenario: "memory", figure: RSSPerConnection, server: "tidings-tls", rule: atMost, limit: 16},
}
