package queue

import (
	"context"
	"sync"
	"sync/atomic"
)

// Wait waits until all goroutines of a group have ended, or ctx ends.
func Wait(ctx context.Context, workers *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		workers.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Each calls do for the items, in up to so many goroutines, and returns when all calls have returned. Once ctx has
// ended no further call begins.
func Each[T any](ctx context.Context, workers int, items []T, do func(T)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(workers, len(items)) {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				do(items[i])
			}
		})
	}
	running.Wait()
}
