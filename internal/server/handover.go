package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/systemd"
	"github.com/tidings-io/tidings/internal/transport"
)

// How another process takes the place of this one without a refused connection. Either systemd holds the sockets, or
// both processes listen on the same addresses (reuse_port). In both cases this process stops accepting first, and then
// drains its clients.

const (
	// settleTime is longer than the kernel keeps a connection to itself of which nothing has arrived, which belongs to
	// this process all the same.
	settleTime = 1500 * time.Millisecond
	// handOverChecks bounds the wait for connections that are queued, or whose request is being answered, a check each.
	handOverChecks, handOverCheck = 100, 10 * time.Millisecond
	// heldCheck is how often a new process looks whether the old one has left the data folder.
	heldCheck = 50 * time.Millisecond
	// rawName begins the names of sockets of systemd for RawSocket.
	rawName = "rawsocket"
)

// passed are the sockets that systemd has passed.
type passed struct {
	http net.Listener   // nil: none
	raw  []net.Listener // for the entries of rawsocket, in order
}

// takeSockets takes the sockets of systemd: those whose name begins with rawsocket serve RawSocket, the other one HTTP.
func (s *Server) takeSockets() error {
	if !s.options.Systemd {
		return nil
	}
	sockets, err := systemd.Sockets()
	if err != nil {
		return err
	}
	for _, socket := range sockets {
		switch {
		case strings.HasPrefix(socket.Name, rawName):
			s.passed.raw = append(s.passed.raw, socket.Listener)
		case s.passed.http == nil:
			s.passed.http = socket.Listener
		default:
			return fmt.Errorf("systemd has passed two sockets for HTTP: name those for RawSocket %s (FileDescriptorName), and remove the others", rawName)
		}
	}
	if declared := len(s.current.Load().config.RawSocket); len(s.passed.raw) > declared {
		return fmt.Errorf("systemd has passed %d sockets named %s, and the configuration has %d entries of rawsocket", len(s.passed.raw), rawName, declared)
	}
	return nil
}

// handsOver reports whether another process may accept connections while this one stops.
func (s *Server) handsOver() bool {
	return s.current.Load().config.ReusePort || s.passed.http != nil
}

// listenConfig returns how listeners are opened.
func (s *Server) listenConfig() net.ListenConfig {
	lc := net.ListenConfig{KeepAlive: -1} // pings and deadlines replace it, and four system calls a connection are saved
	if s.current.Load().config.ReusePort {
		lc.Control = transport.ReusePort
		lc.SetMultipathTCP(false) // its sockets cannot be steered
	}
	return lc
}

// listenUnix opens a Unix socket. With reuse_port the new socket takes the place of the old one in the folder, and the
// other process keeps accepting what came before.
func (s *Server) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	var lc net.ListenConfig
	if !s.current.Load().config.ReusePort {
		if err := removeStale(ctx, path); err != nil {
			return nil, err
		}
		return lc.Listen(ctx, "unix", path)
	}
	temporary := path + "." + strconv.Itoa(os.Getpid())
	listener, err := lc.Listen(ctx, "unix", temporary)
	if err != nil {
		return nil, err
	}
	if plain, ok := listener.(*net.UnixListener); ok {
		plain.SetUnlinkOnClose(false) // the name may be another process's by then
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, errors.Join(err, listener.Close(), os.Remove(temporary))
	}
	return listener, nil
}

// startStore opens the store. If another process hands over to this one, startStore waits until that has left the data
// folder.
func (s *Server) startStore(ctx context.Context) error {
	err := s.startEngine(ctx)
	if !errors.Is(err, cluster.ErrHeld) || !s.handsOver() {
		return err
	}
	c := s.current.Load().config.WebSocket
	patience := c.Drain + c.Close + settleTime + 2*stopTimeout
	s.logger.InfoContext(ctx, "waiting for the other server to leave the data folder", "for", patience.String())
	deadline := time.Now().Add(patience)
	for errors.Is(err, cluster.ErrHeld) && time.Now().Before(deadline) {
		select {
		case <-time.After(heldCheck):
		case <-ctx.Done():
			return ctx.Err()
		}
		err = s.startEngine(ctx)
	}
	return err
}

// handOver stops accepting, so that connections get to the other process. What has been accepted is served.
func (s *Server) handOver(listeners []net.Listener) {
	if s.current.Load().config.ReusePort {
		for _, l := range listeners {
			if err := transport.Steer(l); err != nil {
				s.logger.Warn("new connections cannot be steered to the other process, so that a few may be reset", "error", err)
			}
		}
		time.Sleep(settleTime)
		eventually(func() bool { return queued(listeners) == 0 })
	}
	for _, l := range listeners {
		transport.Retire(l)
		l.Close()
	}
	eventually(func() bool { return s.httpLimit.Busy() == 0 }) // handshakes in net/http would meet a transport that stops
}

// eventually waits until a condition holds, for a bounded time.
func eventually(holds func() bool) {
	for range handOverChecks {
		if holds() {
			return
		}
		time.Sleep(handOverCheck)
	}
}

func queued(listeners []net.Listener) (n int) {
	for _, l := range listeners {
		n += transport.Queued(l)
	}
	return n
}

// notify tells systemd a state. A failure costs nothing but what systemd shows.
func (s *Server) notify(state string) {
	if !s.options.Systemd {
		return
	}
	if err := systemd.Notify(state); err != nil {
		s.logger.Warn("systemd was not told the state of the server", "error", err)
	}
}
