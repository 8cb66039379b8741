// Package report turns measurements into what people read: tables, plots and verdicts.
package report

// Measurement holds the figures of one server in one round of one scenario.
type Measurement struct {
	Scenario string             `json:"scenario"` // such as "fanout-1000-saturated"
	Server   string             `json:"server"`   // such as "centrifuge-json"
	Round    int                `json:"round"`
	Figures  map[string]float64 `json:"figures"` // by name, unit included: "cpu_us_per_event", "p99_us"
}

// Run holds all measurements of one `make load`, and the machine.
type Run struct {
	Machine      Machine       `json:"machine"`
	Measurements []Measurement `json:"measurements"`
}

// Machine describes the machine and the servers of a run.
type Machine struct {
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Kernel  string            `json:"kernel"`
	Go      string            `json:"go"`
	Date    string            `json:"date"`    // YYYY-MM-DD
	Servers map[string]string `json:"servers"` // version of each, such as "centrifuge-json": "centrifuge v0.40.1"
}

// The figures that scenarios measure. CPU time is user and system time of the server's process.
const (
	CPUPerEvent           = "cpu_us_per_event"      // microseconds for each event that a client received
	CPUPerConnection      = "cpu_us_per_connection" // from TCP accept until the connection is ready
	CPUPerCall            = "cpu_us_per_call"
	CPUPerPublication     = "cpu_us_per_publication"
	CPUPerResume          = "cpu_us_per_resumed_client" // from TCP accept until it has all events that it had missed
	RSSPerConnection      = "rss_kib_per_connection"
	PublicationsPerSecond = "publications_per_second" // acknowledged
	OneByOnePerSecond     = "one_by_one_per_second"   // acknowledged publications of one publisher that waits for each
	PublishersPerSecond   = "publishers_per_second"   // acknowledged, of 64 publishers that wait for each
	GroupGain             = "group_gain"              // PublicationsPerSecond divided by OneByOnePerSecond
	Clients               = "clients"
	Seconds               = "seconds"     // from the end of the server until all clients have all events
	StoreReads            = "store_reads" // records that the server has read from its store
	EventsPerSecond       = "events_per_second"
	CallsPerSecond        = "calls_per_second"
	LatencyP50            = "p50_us" // from handing a publication to the kernel until an event was read
	LatencyP99            = "p99_us"
	LatencyP999           = "p999_us"
	GeneratorBusy         = "generator_busy" // share of its core that the generator used, 0 to 1
	ServerBusy            = "server_busy"    // share of its core that the server used, 0 to 1
)
