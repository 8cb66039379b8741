package meter

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// Fanout counts what one fan-out does. One goroutine owns it.
type Fanout struct {
	Events     int
	Puts       int
	Encodings  int
	Unsendable int
	Bytes      int // of what many outboxes share, counted for each

	SkippedLatest int // events that were skipped by outbox.SlowLatest
	SkippedGap    int // by outbox.SlowGap

	runs   []run
	before int // events before the current run
}

// run counts what became of adjacent publications of one topic.
type run struct{ publications, events int }

// Begin begins a run of publications of one topic.
func (f *Fanout) Begin() { f.before = f.Events }

// End ends the run.
func (f *Fanout) End(publications int) {
	f.runs = append(f.runs, run{publications, f.Events - f.before})
}

// Put counts events that were put into an outbox in one step.
func (f *Fanout) Put(events, bytes int) {
	f.Events += events
	f.Puts++
	f.Bytes += bytes
}

// Skip counts an event that a client does not get because it is behind.
func (f *Fanout) Skip(policy outbox.SlowPolicy) {
	if policy == outbox.SlowLatest {
		f.SkippedLatest++
	} else {
		f.SkippedGap++
	}
}

// Reset forgets all numbers, and keeps the memory for others.
func (f *Fanout) Reset() { *f = Fanout{runs: f.runs[:0]} }

// AddFanout adds what a fan-out has done, and tells the probe how long each publication took, if there is a probe.
func (c *Counters) AddFanout(f *Fanout, took time.Duration, probe Probe) {
	c.Events.Add(uint64(f.Events))
	c.Puts.Add(uint64(f.Puts))
	c.Encodings.Add(uint64(f.Encodings))
	c.Unsendable.Add(uint64(f.Unsendable))
	if f.SkippedLatest > 0 || f.SkippedGap > 0 {
		c.SkippedLatest.Add(uint64(f.SkippedLatest))
		c.SkippedGap.Add(uint64(f.SkippedGap))
	}
	for _, r := range f.runs {
		c.Publications.Add(uint64(r.publications))
		if probe == nil {
			continue
		}
		for range r.publications { // each one took as long as all together
			probe.Published(took, r.events/r.publications)
		}
	}
}

// AddCall adds a call that was answered, and tells the probe how long it took, if there is a probe.
func (c *Counters) AddCall(began time.Time, probe Probe) {
	c.Calls.Add(1)
	if probe != nil {
		probe.Called(time.Since(began))
	}
}
