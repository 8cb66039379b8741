package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/cluster"
)

// onEachStoreDir runs a test in memory, with no folder, and on disk.
func onEachStoreDir(t *testing.T, test func(t *testing.T, dir string)) {
	for name, dir := range map[string]string{"in memory": "", "on disk": quickDir(t)} {
		t.Run(name, func(t *testing.T) { test(t, dir) })
	}
}

// onEachStore runs a test with buckets in memory, and with buckets on disk.
func onEachStore(t *testing.T, test func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket)) {
	onEachStoreDir(t, func(t *testing.T, dir string) {
		test(t, func(t *testing.T, options cluster.BucketOptions) *cluster.Bucket {
			e := cluster.New(cluster.Options{Dir: dir})
			b := e.Bucket(options)
			start(t, e)
			return b
		})
	})
}

func TestABucketRefusesWhileTheEngineIsNotRunning(t *testing.T) {
	b := cluster.New(cluster.Options{}).Bucket(cluster.BucketOptions{Name: "state"})
	if _, err := b.Put(t.Context(), "k", nil); !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("put: %v", err)
	}
	if err := b.Watch(t.Context(), "k", func(cluster.Entry) {}); !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("watch: %v", err)
	}
}

func TestAnUpdateNeedsTheLatestRevision(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "state"})
		first, err := b.Create(t.Context(), "k", []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Update(t.Context(), "k", []byte("2"), first)
		if err != nil || second <= first {
			t.Fatalf("update: revision %d after %d, %v", second, first, err)
		}
		if _, err := b.Update(t.Context(), "k", []byte("3"), first); !errors.Is(err, cluster.ErrConflict) {
			t.Fatalf("an update of an old revision: %v", err)
		}
		if err := b.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Get(t.Context(), "k"); !errors.Is(err, cluster.ErrNotFound) {
			t.Fatalf("after the delete: %v", err)
		}
		if _, err := b.Create(t.Context(), "k", []byte("4")); err != nil {
			t.Fatalf("create after the delete: %v", err)
		}
		if err := b.Delete(t.Context(), "never there"); err != nil {
			t.Fatalf("delete of nothing: %v", err)
		}
	})
}

func TestValuesExpireAfterTheTTLOfTheBucket(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "short", TTL: 100 * time.Millisecond})
		if _, err := b.Create(t.Context(), "k", []byte("v")); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			_, err := b.Get(t.Context(), "k") // the store has a real clock: ask until the value has expired
			if errors.Is(err, cluster.ErrNotFound) {
				return
			}
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("the value is still there: %v", err)
			}
		}
	})
}

func TestAFullBucketRefusesWritesAndKeepsItsValues(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "small", MaxBytes: 4096})
		if _, err := b.Create(t.Context(), "first", []byte("v")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Create(t.Context(), "big", make([]byte, 8192)); err == nil {
			t.Fatal("more than the bucket holds was accepted")
		}
		if _, err := b.Get(t.Context(), "first"); err != nil {
			t.Fatalf("the first value is gone: %v", err)
		}
	})
}

func TestAnyTextIsAKey(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "keys"})
		seen := make(map[string]string)
		rapid.Check(t, func(rt *rapid.T) {
			key := rapid.OneOf(rapid.StringN(1, 60, 200), rapid.SampledFrom([]string{
				"*", ">", ".", "..", "a.b", "a..b", "a*", "=", "=2E", " ", "\x00", "$JS.API", "é", "A", "a",
			})).Draw(rt, "key")
			value := rapid.String().Draw(rt, "value")
			if _, err := b.Put(t.Context(), key, []byte(value)); err != nil {
				rt.Fatalf("put %q: %v", key, err)
			}
			seen[key] = value
			for k, want := range seen {
				if got, err := b.Get(t.Context(), k); err != nil || string(got.Value) != want || got.Key != k {
					rt.Fatalf("%q holds %q, not %q (%v)", k, got.Value, want, err)
				}
				if len(seen) > 20 {
					delete(seen, k)
				}
			}
		})
	})
}

func TestEmptyAndTooLongKeysAreRefused(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "keys"})
		for _, key := range []string{"", strings.Repeat("k", 513)} {
			if _, err := b.Put(t.Context(), key, nil); err == nil {
				t.Errorf("a key of %d bytes was accepted", len(key))
			}
		}
	})
}

func TestWatchGivesTheStateAndEveryChangeInOrder(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		b := open(t, cluster.BucketOptions{Name: "state"})
		if _, err := b.Put(t.Context(), "k", []byte("0")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		entries := make(chan cluster.Entry)
		ended := make(chan error, 1)
		go func() {
			ended <- b.Watch(ctx, "k", func(e cluster.Entry) { entries <- e })
		}()
		if e := <-entries; string(e.Value) != "0" {
			t.Fatalf("the first state is %q", e.Value)
		}
		for _, value := range []string{"1", "2"} {
			if _, err := b.Put(t.Context(), "other", []byte("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Put(t.Context(), "k", []byte(value)); err != nil {
				t.Fatal(err)
			}
			if e := <-entries; string(e.Value) != value || e.Deleted {
				t.Fatalf("got %+v, not %q", e, value)
			}
		}
		if err := b.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if e := <-entries; !e.Deleted {
			t.Fatalf("got %+v, not the deletion", e)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatalf("the watch ended with %v", err)
		}
	})
}

func TestAWatchEndsWithTheEngine(t *testing.T) {
	onEachStoreDir(t, watchEndsWithTheEngine)
}

func watchEndsWithTheEngine(t *testing.T, dir string) {
	e := cluster.New(cluster.Options{Dir: dir})
	b := e.Bucket(cluster.BucketOptions{Name: "state"})
	start(t, e)
	if _, err := b.Put(t.Context(), "k", nil); err != nil {
		t.Fatal(err)
	}
	watching, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- b.Watch(t.Context(), "k", func(cluster.Entry) { close(watching) })
	}()
	<-watching
	stop(t, e)
	if err := <-ended; !errors.Is(err, cluster.ErrStopped) {
		t.Fatalf("the watch ended with %v", err)
	}
}

func TestAValueIsSavedOnlyOverTheVersionThatWasLoaded(t *testing.T) {
	onEachStore(t, func(t *testing.T, open func(*testing.T, cluster.BucketOptions) *cluster.Bucket) {
		value := open(t, cluster.BucketOptions{Name: "state"}).Value("maintenance")
		if value, version, err := value.Load(t.Context()); value != nil || version != 0 || err != nil {
			t.Fatalf("an empty value gave %q, %d, %v", value, version, err)
		}
		first, saved, err := value.Save(t.Context(), []byte("1"), 0)
		if !saved || err != nil {
			t.Fatalf("the first save: %v, %v", saved, err)
		}
		if _, saved, err := value.Save(t.Context(), []byte("x"), 0); saved || err != nil {
			t.Fatalf("a save over nothing, with something there: %v, %v", saved, err)
		}
		second, saved, err := value.Save(t.Context(), []byte("2"), first)
		if !saved || err != nil {
			t.Fatalf("the second save: %v, %v", saved, err)
		}
		if _, saved, err := value.Save(t.Context(), []byte("x"), first); saved || err != nil {
			t.Fatalf("a save over the first version: %v, %v", saved, err)
		}
		if value, version, err := value.Load(t.Context()); string(value) != "2" || version != second || err != nil {
			t.Fatalf("loaded %q, %d, %v", value, version, err)
		}
	})
}
