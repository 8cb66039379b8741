package bench

import (
	"fmt"
	"strings"
)

// Report has the results of a run. If the run was interrupted, steps that are not complete are nil.
type Report struct {
	Server string `json:"server"`
	Topic  string `json:"topic"`
	Size   int    `json:"size"` // bytes of a payload, about

	Connections *Connections `json:"connections"`
	Latency     *Latency     `json:"latency"`
	FanOut      *FanOut      `json:"fan_out"`
	Costs       *Costs       `json:"costs"` // nil: the metrics could not be read
	// CostsUnknown is the reason why Costs is nil.
	CostsUnknown string `json:"costs_unknown,omitempty"`
	Bench        *Bench `json:"bench"` // nil: the system did not tell
	// BenchUnknown is the reason why Bench is nil.
	BenchUnknown string `json:"bench_unknown,omitempty"`

	Ended       []Reason `json:"ended"`   // connections that ended before the run did
	Foreign     int64    `json:"foreign"` // events on the topic from other publishers
	SameMachine bool     `json:"same_machine"`
	Interrupted bool     `json:"interrupted"`

	// OK reports whether every connection was opened and stayed open, and every event arrived exactly once.
	OK bool `json:"ok"`
	// Warnings are sentences for people about reasons to doubt the figures.
	Warnings []string `json:"warnings"`
}

const (
	// busy is the share of the cores above which a process counts as the bottleneck.
	busy = 0.85
	// enoughForMemory is the number of connections from which on the memory of one can be told from the collector's
	// garbage.
	enoughForMemory = 1000
	// leastMemory, in KiB, is less than any connection takes. A smaller figure means that the server reused memory of
	// earlier connections.
	leastMemory = 1
	// tooLate, in ms, is a delay that only a busy machine has.
	tooLate = 5
	// loaded is the share of the server's best rate above which events queue behind each other.
	loaded = 0.5
)

// judge sets OK and Warnings from the other fields.
func (r *Report) judge() {
	r.Warnings = []string{}
	r.judgeCompleteness()
	if r.FanOut != nil {
		r.judgeMachine()
		r.judgeRate()
	}
	if r.Costs != nil && (r.Connections.Opened < enoughForMemory || r.Costs.MemoryPerConnection < leastMemory) {
		r.warn("Memory for a connection is rough: it takes a server that has just been started, and --connections %d or more, to tell it.", enoughForMemory)
	}
	if r.Foreign > 0 {
		r.warn("Somebody else published to %s meanwhile. Events that were not counted: %s.", r.Topic, grouped(r.Foreign))
	}
}

func (r *Report) judgeCompleteness() {
	r.OK = !r.Interrupted
	if r.Interrupted {
		r.warn("The run was interrupted: what is missing here was not measured.")
	}
	if c := r.Connections; c.Failed > 0 {
		r.OK = false
		r.warn("%s of %s connections failed: %s.", grouped(c.Failed), grouped(c.Failed+c.Opened), describe(c.Failures))
	}
	if len(r.Ended) > 0 {
		r.OK = false
		r.warn("Connections ended by themselves: %s.", describe(r.Ended))
	}
	if lost := r.lost(); lost > 0 {
		r.OK = false
		r.warn("Events that were lost, where none should be: %s (%s).", grouped(lost), r.whyLost())
	}
	if repeated := r.repeated(); repeated > 0 {
		r.OK = false
		r.warn("Events that arrived more than once, where none should: %s. Please report it.", grouped(repeated))
	}
}

func (r *Report) judgeMachine() {
	b := r.Bench
	if b == nil {
		r.warn("How busy the bench itself was is not known: the server may be faster than this says.")
		return
	}
	together := b.Cores
	if r.SameMachine && r.Costs != nil {
		together += r.Costs.Cores
	}
	switch {
	case r.SameMachine && together > busy*float64(b.Of):
		r.warn("The server and the bench share this machine and used %.1f of its %d cores: with the bench on another machine, fan-out is faster than this.", together, b.Of)
	case b.Cores > busy*float64(b.Of):
		r.warn("The bench itself used %.0f%% of %s: the server may be faster than this says.", 100*b.Cores/float64(b.Of), coresOf(b.Of))
	case r.SameMachine:
		r.warn("The server and the bench share this machine: there is no network in these figures, and each took time from the other.")
	}
}

func (r *Report) judgeRate() {
	if late := r.Latency.Late; late > tooLate {
		r.warn("The bench came %s late to publish (p99): its machine is busy, and latencies are longer for it. Run it on one that is not.", duration(late))
	}
	if r.FanOut.Events == 0 {
		return // there is no best rate to compare with
	}
	subscribers := float64(r.Connections.Opened)
	if all := 1000 * subscribers / r.FanOut.EventsPerSecond; all > noticedMS {
		r.warn("At the best rate that was reached one publication takes %s to arrive at all %s: the last of them cannot get it sooner.", duration(all), grouped(r.Connections.Opened))
	}
	asked := float64(r.Latency.Rate) * subscribers
	if best := r.FanOut.EventsPerSecond; asked > loaded*best {
		r.warn("Latency was measured at %s events a second, and %s is the best that was reached: events waited for each other. Lower --rate.", about(asked), about(best))
	}
}

func (r *Report) lost() (n int64) {
	if r.Latency != nil {
		n += r.Latency.Lost
	}
	if r.FanOut != nil {
		n += r.FanOut.Lost
	}
	return n
}

func (r *Report) repeated() (n int64) {
	if r.Latency != nil {
		n += r.Latency.Repeated
	}
	if r.FanOut != nil {
		n += r.FanOut.Repeated
	}
	return n
}

// whyLost returns the causes of lost events that the report shows.
func (r *Report) whyLost() string {
	var causes []string
	if len(r.Ended) > 0 {
		causes = append(causes, "the connections that ended got no more")
	}
	if r.Costs != nil {
		for reason, n := range r.Costs.Drops {
			causes = append(causes, fmt.Sprintf("the server dropped %d (%s)", n, reason))
		}
	}
	if len(causes) == 0 {
		return fmt.Sprintf("they did not arrive within %s of the last publication; the server's log may tell why", arriveWithin)
	}
	return strings.Join(causes, ", ")
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}
