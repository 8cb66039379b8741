package auth_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
)

func TestSoManyPasswordsAreHashedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := auth.NewHashing(auth.HashOptions{AtOnce: 3, Wait: time.Hour})
		var running, most atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			threads := 1 + i%5
			all.Go(func() {
				if err := h.Do(t.Context(), threads, i%7 == 0, func() {
					now := running.Add(int64(min(threads, 3)))
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					time.Sleep(time.Millisecond)
					running.Add(-int64(min(threads, 3)))
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 3 {
			t.Errorf("%d threads at a time", most.Load())
		}
	})
}

func TestLoginsFromKnownAddressesAreHashedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := auth.NewHashing(auth.HashOptions{AtOnce: 1, Queue: 10})
		begin := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { h.Do(t.Context(), 1, false, func() { <-begin }) })
		synctest.Wait()
		var mu sync.Mutex
		var order []string
		wait := func(name string, known bool) {
			all.Go(func() {
				err := h.Do(t.Context(), 1, known, func() {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, name)
				})
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			synctest.Wait()
		}
		for range 10 {
			wait("stranger", false)
		}
		wait("known", true)
		wait("known", true)
		if err := h.Do(t.Context(), 1, false, func() { t.Error("it is hashed") }); err == nil {
			t.Error("one stranger too many waits")
		}
		close(begin)
		all.Wait()
		if first := slices.Index(order, "stranger"); first != 2 || len(order) != 12 {
			t.Errorf("the order was %v", order)
		}
	})
}

func TestALoginGivesUpItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := auth.NewHashing(auth.HashOptions{AtOnce: 2, Wait: time.Second})
		begin := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { h.Do(t.Context(), 2, false, func() { <-begin }) })
		synctest.Wait()
		if err := h.Do(t.Context(), 2, false, func() {}); err == nil {
			t.Error("it did not wait")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := h.Do(ctx, 1, true, func() {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that has gone: %v", err)
		}
		close(begin)
		all.Wait()
		if err := h.Do(t.Context(), 2, false, func() {}); err != nil {
			t.Errorf("the threads were not given back: %v", err)
		}
	})
}
