package cluster_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/cluster"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(spender); dir != "" {
		runSpender(dir)
	}
	goleak.VerifyTestMain(m)
}

// start runs an engine for the test.
func start(t *testing.T, e *cluster.Engine) {
	t.Helper()
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, e) })
}

func stop(t *testing.T, e *cluster.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// quickDir returns a temporary folder, in memory if this machine has a file system there: many of the tests sync
// often.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tidings-test-") //nolint:usetesting // in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
