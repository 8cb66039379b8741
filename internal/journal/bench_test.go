package journal_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// BenchmarkStart measures reading a journal at the start: the time, and the memory that stays. Publications have 200
// bytes, and 64 of them share a record.
func BenchmarkStart(b *testing.B) {
	for _, c := range []struct{ topics, each, kept int }{
		{100_000, 3, 3}, {1000, 1000, 10}, {1, 1_000_000, 1000},
	} {
		b.Run(fmt.Sprintf("topics=%d/publications=%d/kept=%d", c.topics, c.topics*c.each, c.topics*c.kept), func(b *testing.B) {
			dir := b.TempDir()
			fill := func(j *journal.Journal) {
				var together []publication.Placement
				for i := range c.topics * c.each {
					e := &publication.Entry{
						Topic: wamp.URI(fmt.Sprintf("order.%06d.changed", i%c.topics)), Publication: wamp.NewGlobalID(), At: time.Now(),
						Payload: wamp.Payload{Args: make([]byte, 200)},
					}
					together = append(together, publication.Placement{Entry: e, Keep: publication.Keep{Last: c.kept}, Contract: "order.{id}.changed"})
					if len(together) < 64 {
						continue
					}
					if _, err := j.Append(b.Context(), together); err != nil {
						b.Fatal(err)
					}
					together = nil
				}
			}
			withJournal(b, dir, fill)
			for b.Loop() {
				before := heapBytes()
				withJournal(b, dir, func(j *journal.Journal) {
					b.StopTimer()
					b.ReportMetric(float64(heapBytes()-before)/float64(c.topics), "heap-B/topic")
					b.ReportMetric(float64(heapBytes()-before)/float64(c.topics*c.kept), "heap-B/kept")
					runtime.KeepAlive(j)
					b.StartTimer()
				})
			}
			b.ReportMetric(float64(b.N*c.topics*c.each)/b.Elapsed().Seconds(), "publications/s")
		})
	}
}

// withJournal opens a journal in a folder for f.
func withJournal(b *testing.B, dir string, f func(*journal.Journal)) {
	b.Helper()
	e := cluster.New(cluster.Options{Dir: dir})
	l := e.Log(cluster.LogOptions{Name: "journal", MaxBytes: 4 << 30, Lazy: true})
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	j := journal.New(journal.Options{Log: l, LogBytes: 4 << 30, Topics: 1 << 20, Bytes: 4 << 30})
	if err := j.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	f(j)
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
}

func heapBytes() int64 {
	var now runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}
