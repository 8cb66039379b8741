package cluster_test

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
)

// BenchmarkUse measures what a login costs the engine: the use of one id, synced to the disk or in memory. Heap is
// the memory that stays for each id.
func BenchmarkUse(b *testing.B) {
	for _, c := range []struct {
		where   string
		callers int
		allocs  float64 // at most, for each
	}{
		{"disk", 1, 60},
		{"disk", 64, 5},
		{"memory", 1, 0.1},
		{"memory", 64, 0.1},
	} {
		b.Run(fmt.Sprintf("%s/callers=%d", c.where, c.callers), func(b *testing.B) {
			var options cluster.Options
			if c.where == "disk" {
				options.Dir = b.TempDir()
			}
			e := cluster.New(options)
			guard := e.ReplayGuard(cluster.ReplayGuardOptions{Name: "spent", TTL: time.Hour, Most: b.N})
			if err := e.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := e.Close(); err != nil {
					b.Error(err)
				}
			})
			ids := make([]string, b.N)
			for i := range ids {
				ids[i] = "ABCDEFGHIJKLMNOPQRST" + strconv.Itoa(i)
			}
			before := heap(b)
			b.ReportAllocs()
			b.ResetTimer()
			spendAll(b, guard, ids, c.callers)
			b.StopTimer()
			after := heap(b)
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/float64(b.N), "heap-B/op")
			if allocs := float64(after.Mallocs-before.Mallocs) / float64(b.N); b.N > 1000 && allocs > c.allocs {
				b.Errorf("%.2f allocations each, more than %.2f", allocs, c.allocs)
			}
			runtime.KeepAlive(ids)
		})
	}
}

func spendAll(b *testing.B, guard *cluster.ReplayGuard, ids []string, callers int) {
	until := time.Now().Add(time.Minute)
	var n atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := n.Add(1) - 1; i < int64(len(ids)); i = n.Add(1) - 1 {
				if fresh, err := guard.Use(b.Context(), ids[i], time.Time{}, until); err != nil || !fresh {
					b.Errorf("fresh: %t, %v", fresh, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func heap(b *testing.B) (now runtime.MemStats) {
	b.Helper()
	runtime.GC()
	runtime.GC() // memory that finalizers and pools held
	runtime.ReadMemStats(&now)
	return now
}

// BenchmarkReplay measures the first start after many logins. Each id is an entry of its own, the worst case.
func BenchmarkReplay(b *testing.B) {
	const tickets = 20_000
	options := cluster.Options{Dir: b.TempDir()}
	guard := cluster.ReplayGuardOptions{Name: "spent", TTL: time.Hour}
	e := cluster.New(options)
	spent := e.ReplayGuard(guard)
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	ids := make([]string, tickets)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	spendAll(b, spent, ids, 1)
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		again := cluster.New(options)
		again.ReplayGuard(guard)
		if err := again.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := again.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tickets, "ns/ticket")
}

// BenchmarkLog measures what it costs to store publications of 200 bytes: one in each record, or 64 that share one.
func BenchmarkLog(b *testing.B) {
	for _, lazy := range []bool{false, true} {
		for _, together := range []int{1, 64} {
			b.Run(fmt.Sprintf("synced=%t/together=%d", !lazy, together), func(b *testing.B) {
				e := cluster.New(cluster.Options{Dir: b.TempDir()})
				l := e.Log(cluster.LogOptions{Name: "journal", Lazy: lazy})
				if err := e.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				record := make([]byte, 200*together)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := l.Append(b.Context(), record); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*together)/b.Elapsed().Seconds(), "publications/s")
				if err := e.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkLogRead measures reading a log at the start.
func BenchmarkLogRead(b *testing.B) {
	const records = 50_000
	for _, bytes := range []int{200, 64 * 200} {
		b.Run(fmt.Sprintf("bytes=%d", bytes), func(b *testing.B) {
			e := cluster.New(cluster.Options{Dir: b.TempDir()})
			l := e.Log(cluster.LogOptions{Name: "journal", Lazy: true})
			if err := e.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			record := make([]byte, bytes)
			for range records {
				if _, err := l.Append(b.Context(), record); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				read := 0
				if err := l.Read(b.Context(), 0, func(uint64, []byte) error { read++; return nil }); err != nil || read != records {
					b.Fatal(read, err)
				}
			}
			b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "records/s")
			if err := e.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
