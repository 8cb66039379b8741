package meter_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
)

var tenASecond = &meter.Limits{MessageRate: 10, MessageBurst: 3}

func TestABurstIsReadAtOnceAndThenTheRateHolds(t *testing.T) {
	var p meter.Pace
	for n, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if got := max(p.Frames(tenASecond, 1, time.Minute), 0); got != want {
			t.Errorf("message %d waits %s, want %s", n+1, got, want)
		}
	}
	for n, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond} { // after a pause, which saves no more than a burst
		if got := max(p.Frames(tenASecond, 1, time.Hour), 0); got != want {
			t.Errorf("message %d after the pause waits %s, want %s", n+1, got, want)
		}
	}
}

func TestALongMessageCountsAsSeveralUpToABurst(t *testing.T) {
	for bytes, want := range map[int]time.Duration{
		0: 0, 4095: 0, 4096: 100 * time.Millisecond, 2 * 4096: 200 * time.Millisecond, 1 << 30: 200 * time.Millisecond,
	} {
		var p meter.Pace
		p.Frames(tenASecond, 2, time.Minute)
		if got := max(p.Message(tenASecond, bytes, time.Minute), 0); got != want {
			t.Errorf("a message of %d bytes waits %s, want %s", bytes, got, want)
		}
	}
}

func TestAQueryCountsAsMessagesUpToABurst(t *testing.T) {
	for name, test := range map[string]struct {
		work publication.Work
		want time.Duration // of the fourth message after it
	}{
		"nothing":  {publication.Work{}, 100 * time.Millisecond},
		"examined": {publication.Work{Examined: 100}, 200 * time.Millisecond},
		"returned": {publication.Work{Returned: 20}, 300 * time.Millisecond},
		"bytes":    {publication.Work{Bytes: 4096}, 200 * time.Millisecond},
		"a lot":    {publication.Work{Examined: 1e6, Returned: 1e6, Bytes: 1e9}, 400 * time.Millisecond},
	} {
		var p meter.Pace
		var got time.Duration
		p.Frames(tenASecond, 1, time.Minute)
		p.Query(tenASecond, test.work)
		for range 3 {
			got = p.Frames(tenASecond, 1, time.Minute)
		}
		if got != test.want {
			t.Errorf("%s: a wait of %s, want %s", name, got, test.want)
		}
	}
}

func TestALimitThatIsZeroHasADefault(t *testing.T) {
	all := meter.Limits{}.WithDefaults()
	if all.MessageRate != meter.DefaultMessageRate || all.OutboxBytes != meter.DefaultOutboxBytes || all.Kill != meter.DefaultKill {
		t.Errorf("the defaults are %+v", all)
	}
	given := meter.Limits{PendingCalls: 7, Kill: time.Second}.WithDefaults()
	if given.PendingCalls != 7 || given.Kill != time.Second || given.Subscriptions != meter.DefaultSubscriptions {
		t.Errorf("the limits are %+v", given)
	}
}

func TestStatsHaveWhatWasCounted(t *testing.T) {
	var c meter.Counters
	c.Clients.Add(2)
	c.Events.Add(3)
	c.Closes[outbox.CloseSlow].Add(1)
	if s := c.Stats(); s.Clients != 2 || s.Events != 3 || s.Closes[outbox.CloseSlow] != 1 || s.Closes[outbox.CloseLost] != 0 {
		t.Errorf("counted %+v", s)
	}
}

// timed is a probe that writes down what it is told.
type timed struct{ lines []string }

func (p *timed) Published(took time.Duration, events int) {
	p.lines = append(p.lines, fmt.Sprint("published ", took, " ", events))
}

func (p *timed) Called(took time.Duration) { p.lines = append(p.lines, fmt.Sprint("called ", took)) }

func TestAFanoutIsCountedAndEachPublicationIsTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c meter.Counters
		var f meter.Fanout
		var p timed
		count := func(probe meter.Probe) {
			f.Begin()
			f.Events += 6
			f.End(2)
			f.Begin()
			f.Events++
			f.Puts, f.Encodings, f.Unsendable = 4, 3, 2
			f.End(1)
			c.AddFanout(&f, time.Second, probe)
			f.Reset()
		}
		count(nil)
		count(&p)
		began := time.Now()
		time.Sleep(time.Minute)
		c.AddCall(began, nil)
		c.AddCall(began, &p)
		if s := c.Stats(); s.Publications != 6 || s.Events != 14 || s.Puts != 8 || s.Encodings != 6 || s.Unsendable != 4 || s.Calls != 2 {
			t.Errorf("counted %+v", s)
		}
		if want := []string{"published 1s 3", "published 1s 3", "published 1s 1", "called 1m0s"}; !slices.Equal(p.lines, want) {
			t.Errorf("the probe was told %q, want %q", p.lines, want)
		}
		if n := testing.AllocsPerRun(100, func() { count(nil) }); n != 0 {
			t.Errorf("counting costs %v allocations", n)
		}
	})
}
