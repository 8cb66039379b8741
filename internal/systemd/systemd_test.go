//go:build unix

package systemd_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/systemd"
)

func TestSocketsOfAnotherProcessAreNotTaken(t *testing.T) {
	for _, test := range []struct{ pid, fds string }{{"", ""}, {"1", "1"}, {strconv.Itoa(os.Getpid()), ""}} {
		t.Setenv("LISTEN_PID", test.pid)
		t.Setenv("LISTEN_FDS", test.fds)
		if sockets, err := systemd.Sockets(); err != nil || len(sockets) != 0 {
			t.Errorf("%+v: %v, %v", test, sockets, err)
		}
		if os.Getenv("LISTEN_FDS") != "" {
			t.Error("children would take the sockets for theirs")
		}
	}
}

func TestASenselessNumberOfSocketsIsAnError(t *testing.T) {
	for _, fds := range []string{"x", "-1", "1000"} {
		t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		t.Setenv("LISTEN_FDS", fds)
		if _, err := systemd.Sockets(); err == nil || !strings.Contains(err.Error(), "LISTEN_FDS") {
			t.Errorf("%s: %v", fds, err)
		}
	}
}

func TestStatesAreSentToTheSocketOfSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := systemd.Notify("READY=1"); err != nil {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "notify")
	t.Setenv("NOTIFY_SOCKET", path)
	if err := systemd.Notify("READY=1"); err == nil {
		t.Error("there is no socket, and no error")
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, state := range []string{"READY=1", systemd.Reloading()} {
		if err := systemd.Notify(state); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 100)
		n, err := conn.Read(got)
		if err != nil || string(got[:n]) != state {
			t.Errorf("got %q, %v", got[:n], err)
		}
	}
	if !strings.HasPrefix(systemd.Reloading(), "RELOADING=1") {
		t.Error(systemd.Reloading())
	}
}
