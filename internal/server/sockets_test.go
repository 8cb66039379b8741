package server_test

import (
	"runtime"
	"strings"
	"testing"
)

// TestPortableSocketsMakeNoSystemCallsOfTheirOwn reads the counter of system calls, which has only those of epoll's
// sockets.
func TestPortableSocketsMakeNoSystemCallsOfTheirOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("all sockets are portable on this system")
	}
	for yaml, none := range map[string]bool{"websocket: {sockets: portable}\n": true, "websocket: {sockets: auto}\n": false} {
		if sockets, _ := noEnvironment("TIDINGS_WEBSOCKET_SOCKETS"); sockets == "portable" {
			none = true
		}
		r := start(t, basic+yaml)
		r.user("ann", "")
		metrics := string(r.request("", "GET", "/metrics", nil).body)
		if got := strings.Contains(metrics, "\ntidings_read_calls_total 0\n"); got != none {
			t.Errorf("%s no system call is %t, want %t", yaml, got, none)
		}
	}
}
