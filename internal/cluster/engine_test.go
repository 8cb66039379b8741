package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/cluster"
)

func TestStoredValuesOutliveTheEngine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "engine")
	for round := range 3 {
		e := cluster.New(cluster.Options{Dir: dir})
		b := e.Bucket(cluster.BucketOptions{Name: "state"})
		start(t, e)
		_, err := b.Create(t.Context(), "site", []byte("closed"))
		if first := round == 0; first != (err == nil) || !first && !errors.Is(err, cluster.ErrExists) {
			t.Fatalf("round %d: create answered %v", round, err)
		}
		entry, err := b.Get(t.Context(), "site")
		if err != nil || string(entry.Value) != "closed" {
			t.Fatalf("round %d: got %q, %v", round, entry.Value, err)
		}
		stop(t, e)
	}
}

func TestAnEngineInMemoryLeavesNoFilesBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	e := cluster.New(cluster.Options{})
	b := e.Bucket(cluster.BucketOptions{Name: "state"})
	start(t, e)
	if _, err := b.Put(t.Context(), "site", []byte("closed")); err != nil {
		t.Fatal(err)
	}
	stop(t, e)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Fatalf("left in the temporary folder: %v, %v", left, err)
	}
	start(t, e)
	if _, err := b.Get(t.Context(), "site"); !errors.Is(err, cluster.ErrNotFound) {
		t.Fatalf("after a restart: %v", err)
	}
}

func TestTwoEnginesCannotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	first := cluster.New(cluster.Options{Dir: dir})
	start(t, first)
	err := cluster.New(cluster.Options{Dir: dir}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another running server") {
		t.Fatalf("the second engine answered %v", err)
	}
	stop(t, first)
	start(t, cluster.New(cluster.Options{Dir: dir}))
}

func TestTheErrorForAFolderThatCannotBeMadeNamesTheFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := cluster.New(cluster.Options{Dir: filepath.Join(file, "engine")}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Fatalf("got %v", err)
	}
}

func TestAStoreThatCannotBeOpenedIsAnErrorAndLeavesNoGoroutine(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := cluster.New(cluster.Options{Dir: dir}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Fatalf("got %v", err)
	}
	goleak.VerifyNone(t)
}

func TestHealthyReportsWhetherTheStoreAnswers(t *testing.T) {
	e := cluster.New(cluster.Options{})
	if err := e.Healthy(t.Context()); !errors.Is(err, cluster.ErrStopped) {
		t.Fatalf("before the start: %v", err)
	}
	start(t, e)
	if err := e.Healthy(t.Context()); err != nil {
		t.Fatalf("running: %v", err)
	}
	if err := e.Start(t.Context()); err == nil {
		t.Fatal("a second start was accepted")
	}
	stop(t, e)
	if err := e.Healthy(t.Context()); !errors.Is(err, cluster.ErrStopped) {
		t.Fatalf("after the end: %v", err)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: t.TempDir()})
	e.Bucket(cluster.BucketOptions{Name: "state"})
	start(t, e)
	stop(t, e)
	goleak.VerifyNone(t)
}
