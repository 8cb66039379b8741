package server_test

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
)

// acceptedAt returns the descriptors of this process that are connections to a port, seen from the listening side.
func acceptedAt(t *testing.T, port int) (found []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		local, err := syscall.Getsockname(fd)
		if at, ok := local.(*syscall.SockaddrInet4); err != nil || !ok || at.Port != port {
			continue
		}
		if _, err := syscall.Getpeername(fd); err == nil {
			found = append(found, fd)
		}
	}
	return found
}

func TestTheKernelFindsABackendThatIsGoneAsSoonAsPingsWould(t *testing.T) {
	for yaml, want := range map[string][3]int{
		"":                                    {10, 3, 2},
		"websocket: {ping: 30s, pong: 20s}\n": {30, 10, 2},
		"websocket: {ping: 1s, pong: 1s}\n":   {1, 1, 2},
	} {
		r := start(t, basic+"rawsocket: [{listen: 'tcp://127.0.0.1:0'}]\n"+yaml)
		at := r.server.RawSocketAddrs()[0]
		openRaw(t, at)
		connections := acceptedAt(t, at.(*net.TCPAddr).Port)
		if len(connections) != 1 {
			t.Fatalf("%d connections", len(connections))
		}
		var got [3]int
		for i, option := range []int{syscall.TCP_KEEPIDLE, syscall.TCP_KEEPINTVL, syscall.TCP_KEEPCNT} {
			value, err := syscall.GetsockoptInt(connections[0], syscall.IPPROTO_TCP, option)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = value
		}
		if got != want {
			t.Errorf("with %q idle, interval and count are %v, want %v", yaml, got, want)
		}
	}
}
