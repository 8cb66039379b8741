package cluster_test

import (
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
)

// What a login costs the engine: a ticket is spent, synced to the disk or in memory.
func BenchmarkSpend(b *testing.B) {
	for _, name := range []string{"disk", "memory"} {
		b.Run(name, func(b *testing.B) {
			var options cluster.Options
			if name == "disk" {
				options.Dir = b.TempDir()
			}
			e := cluster.New(options)
			once := e.Once(cluster.BucketOptions{Name: "spent", TTL: time.Hour})
			if err := e.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := e.Close(); err != nil {
					b.Error(err)
				}
			})
			var n atomic.Int64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					fresh, err := once.Spend(b.Context(), strconv.FormatInt(n.Add(1), 10), time.Now().Add(time.Minute))
					if err != nil || !fresh {
						b.Errorf("fresh: %t, %v", fresh, err)
						return
					}
				}
			})
			b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
		})
	}
}
