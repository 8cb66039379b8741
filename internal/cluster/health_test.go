package cluster_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
)

// A disk that does not answer holds up one group of writes, for a bounded time. All others are refused without waiting.
func TestASlowDiskHoldsUpOnlyTheFirstWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := cluster.NewHealth("/data", slog.New(slog.DiscardHandler))
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second) // of the bubble
				err := h.Write(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
				var unwritable *cluster.UnwritableError
				if !errors.As(err, &unwritable) || !strings.Contains(err.Error(), "has not answered for 3s") || !strings.Contains(err.Error(), "/data") {
					t.Errorf("write %d: %v", i, err)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("write %d ended after %s", i, took)
				}
			})
		}
		wg.Wait()
		now := time.Now()
		for range 1000 {
			err := h.Write(t.Context(), func(context.Context) error { t.Error("it was tried"); return nil })
			if err == nil {
				t.Fatal("a write to a broken store succeeded")
			}
		}
		if took := time.Since(now); took != 0 {
			t.Errorf("refusals took %s", took)
		}
	})
}

func TestACallerThatGivesUpDoesNotBreakTheStore(t *testing.T) {
	h := cluster.NewHealth("/data", slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Write(ctx, func(ctx context.Context) error { return ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := h.Write(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestARefusedWriteDoesNotBreakTheStore(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: quickDir(t)})
	small := e.Bucket(cluster.BucketOptions{Name: "small", MaxBytes: 4096})
	start(t, e)
	if _, err := small.Put(t.Context(), "big", make([]byte, 8192)); err == nil {
		t.Fatal("more than the bucket holds was accepted")
	}
	if _, err := small.Create(t.Context(), "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := small.Create(t.Context(), "k", nil); !errors.Is(err, cluster.ErrExists) {
		t.Fatal(err)
	}
	if !e.Writable() {
		t.Error("the store counts as broken")
	}
	if err := e.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
}
