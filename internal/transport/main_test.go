package transport_test

import (
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// portable reports whether the suite is to use blocking sockets, and net/http for every upgrade. The target unit of the
// Makefile runs it both ways. The variable is read while tests run, because the cache of test results only sees that.
func portable() bool { return os.Getenv("TIDINGS_TEST_SOCKETS") == "portable" }

// hasEpoll reports whether sockets are watched by epoll.
func hasEpoll() bool { return runtime.GOOS == "linux" && !portable() }

func newServer(options transport.Options) (*transport.Server, error) {
	options.Portable = options.Portable || portable()
	return transport.New(options)
}
