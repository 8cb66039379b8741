package report

// rule is the kind of a target.
type rule int

const (
	atMost    rule = iota // the figure itself is at most limit
	atLeast               // the figure itself is at least limit
	timesOf               // the figure is at most limit times the best figure of than
	lowestOf              // the figure is lower than every figure of than
	growthOf              // the growth of the figure since the scenario from is at most limit times the growth of than
	ownGrowth             // the growth of the figure since the scenario from is at most limit
)

// target is a goal of Tidings. Medians are compared, and lower is better, except with atLeast.
type target struct {
	scenario string
	figure   string
	server   string
	rule     rule
	limit    float64
	than     []string
	thanText string // than, in words
	from     string // the smaller scenario, for growthOf and ownGrowth
	note     string // a remark
}

// targets lists the rows of "In short", in their order.
var targets = []target{
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.25, than: floors[1:], thanText: "the floor with queues"},
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.4, than: centrifuge, thanText: "Centrifuge"},
	{scenario: "fanout-1000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.06, than: nexus, thanText: "nexus"},

	{scenario: "fanout-1000-rate", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.15, than: floors, thanText: "the floor"},
	{scenario: "fanout-1000-rate", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.45, than: centrifuge, thanText: "Centrifuge"},
	{scenario: "fanout-1000-rate", figure: LatencyP50, server: "tidings", rule: timesOf, limit: 1.2, than: floors, thanText: "the floor"},
	{scenario: "fanout-1000-rate", figure: LatencyP50, server: "tidings", rule: lowestOf, than: peers, thanText: "every other server"},
	{scenario: "fanout-1000-rate", figure: LatencyP99, server: "tidings", rule: timesOf, limit: 1.2, than: floors, thanText: "the floor"},
	{scenario: "fanout-1000-rate", figure: LatencyP99, server: "tidings", rule: lowestOf, than: peers, thanText: "every other server"},

	{scenario: "fanout-10000-saturated", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.2, than: centrifuge, thanText: "Centrifuge"},
	{
		scenario: "fanout-10000-saturated", figure: CPUPerEvent, server: "tidings", rule: growthOf, limit: 1.1, than: floors[1:], thanText: "the floor with queues",
		from: "fanout-1000-saturated",
	},

	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 1.3, than: floors, thanText: "the floor"},
	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.4, than: centrifuge, thanText: "Centrifuge"},
	{scenario: "topics-1000", figure: CPUPerEvent, server: "tidings", rule: timesOf, limit: 0.25, than: nexus, thanText: "nexus"},

	{scenario: "kept-fanout-1000", figure: CPUPerEvent, server: "tidings-kept", rule: timesOf, limit: 1.3, than: []string{"tidings"}, thanText: "the same topic not kept"},
	{scenario: "kept-fanout-1000", figure: CPUPerEvent, server: "tidings-kept", rule: timesOf, limit: 0.3, than: centrifugeKept, thanText: "Centrifuge with history and recovery"},
	{scenario: "kept-topics-1000", figure: CPUPerEvent, server: "tidings-kept", rule: timesOf, limit: 2, than: []string{"tidings"}, thanText: "the same topics not kept"},
	{scenario: "stored", figure: GroupGain, server: "tidings-stored", rule: atLeast, limit: 15},
	{scenario: "resume", figure: CPUPerResume, server: "tidings-kept", rule: timesOf, limit: 0.4, than: centrifugeKept, thanText: "Centrifuge's recovery"},
	{
		scenario: "resume-restart-10000", figure: StoreReads, server: "tidings-stored", rule: ownGrowth, limit: 1,
		from: "resume-restart-1000", note: "ten times as many clients",
	},

	{scenario: "deflate", figure: CPUPerEvent, server: "tidings-deflate", rule: timesOf, limit: 1.3, than: []string{"tidings"}, thanText: "the same without compression"},

	{scenario: "rpc-pipelined", figure: CPUPerCall, server: "tidings-json", rule: timesOf, limit: 0.3, than: nexus, thanText: "nexus"},

	{scenario: "storm", figure: CPUPerConnection, server: "tidings", rule: timesOf, limit: 0.6, than: centrifuge[:1], thanText: "Centrifuge"},
	{scenario: "storm", figure: CPUPerConnection, server: "tidings", rule: timesOf, limit: 0.4, than: nexus[:1], thanText: "nexus"},

	{
		scenario: "memory", figure: RSSPerConnection, server: "tidings", rule: atMost, limit: 2,
		note: "5 KiB with a goroutine for each connection",
	},
	{scenario: "memory", figure: RSSPerConnection, server: "tidings-tls", rule: atMost, limit: 16},
}
