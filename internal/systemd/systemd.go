// Package systemd takes the sockets that systemd passes to a service, and tells systemd the state of the service. Both
// are a few environment variables (sd_listen_fds(3), sd_notify(3)). Without these variables it does nothing.
package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// firstFD is the first descriptor that is passed.
const firstFD = 3

// maxSockets is far above what a service has.
const maxSockets = 64

// Socket is a listening socket that systemd has opened, and keeps open when the service ends.
type Socket struct {
	Name     string // FileDescriptorName of the socket unit; by default the name of the unit
	Listener net.Listener
}

// Sockets returns the sockets that were passed to this process, in order. A second call returns none.
func Sockets() ([]Socket, error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name) // the name is valid; children must not take the sockets for theirs
	}
	if pid != strconv.Itoa(os.Getpid()) || count == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxSockets {
		return nil, fmt.Errorf("take the sockets of systemd: LISTEN_FDS is %q, not a number up to %d", count, maxSockets)
	}
	var sockets []Socket
	for i := range n {
		file := os.NewFile(uintptr(firstFD+i), "socket of systemd")
		listener, err := net.FileListener(file) // a duplicate, which the children do not inherit
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("take socket %d of systemd, which must listen (ListenStream): %w", i, err)
		}
		s := Socket{Listener: listener}
		if i < len(names) {
			s.Name = names[i]
		}
		sockets = append(sockets, s)
	}
	return sockets, nil
}

// Notify tells systemd a state, such as "READY=1".
func Notify(state string) error {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"}) // a leading @ is understood
	if err != nil {
		return fmt.Errorf("tell systemd the state: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd the state: %w", err)
	}
	return nil
}
