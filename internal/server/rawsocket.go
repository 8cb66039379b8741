package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/transport"
)

// rawListeners are the open listeners of RawSocket, in the order of the configuration.
type rawListeners []net.Listener

// checkRawSockets reports TLS listeners without a certificate.
func checkRawSockets(c *config.Config, problems *config.Problems) {
	for _, raw := range c.RawSocket {
		if strings.HasPrefix(raw.Listen.Value, "tls://") && c.TLS == nil {
			problems.At(c, raw.Listen.Pos, "a tls:// listener needs a certificate", "configure tls, or write tcp://")
		}
	}
}

// listenRaw opens the listeners of RawSocket: all of them or none.
func (s *Server) listenRaw(ctx context.Context) (rawListeners, error) {
	var opened rawListeners
	for i, raw := range s.current.Load().config.RawSocket {
		var given net.Listener
		if i < len(s.passed.raw) {
			given = s.passed.raw[i]
		}
		listener, err := s.openRaw(ctx, raw.Listen.Value, given)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("open the RawSocket listener %s: %w", raw.Listen.Value, err)
		}
		opened = append(opened, listener)
	}
	return opened, nil
}

// openRaw opens a listener, unless it is given.
func (s *Server) openRaw(ctx context.Context, address string, given net.Listener) (listener net.Listener, err error) {
	scheme, at, _ := strings.Cut(address, "://")
	lc := s.listenConfig()
	lc.KeepAliveConfig = s.keepAlive()
	switch {
	case given != nil:
		listener = given
	case scheme == "unix":
		return s.listenUnix(ctx, s.current.Load().config.Resolve(filepath.FromSlash(at)))
	default:
		if listener, err = lc.Listen(ctx, "tcp", at); err != nil {
			return nil, err
		}
	}
	if scheme == "tls" {
		secure := s.serveTLS(func(n *snapshot) *tls.Config { return n.rawTLS })
		return rawTLSListener{tls.NewListener(s.transport.TakeoverListener(listener), secure), listener}, nil
	}
	return listener, nil
}

// rawTLSListener is a listener with TLS that still has its descriptor.
type rawTLSListener struct {
	net.Listener
	plain net.Listener
}

// SyscallConn returns the descriptor of the socket.
func (l rawTLSListener) SyscallConn() (syscall.RawConn, error) {
	if plain, ok := l.plain.(syscall.Conn); ok {
		return plain.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// keepAliveProbes is the number of unanswered probes after which the kernel ends a connection.
const keepAliveProbes = 2

// keepAlive returns the keep-alive of RawSocket, with which the kernel finds a client that is gone as soon as pings
// would. The pings are an option, because some clients break.
func (s *Server) keepAlive() net.KeepAliveConfig {
	limits := s.current.Load().config.WebSocket
	return net.KeepAliveConfig{Enable: true, Idle: limits.Ping, Interval: max(limits.Pong/keepAliveProbes, time.Second), Count: keepAliveProbes}
}

// removeStale removes the socket file of a server that crashed. A socket that still answers stays, and then
// opening the listener fails.
func removeStale(ctx context.Context, path string) error {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		return nc.Close()
	}
	if info, statErr := os.Lstat(path); statErr != nil || info.Mode()&os.ModeSocket == 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		return nil //nolint:nilerr // no socket file is in the way
	}
	return os.Remove(path)
}

// serve accepts connections until close.
func (l rawListeners) serve(s *Server, group *errgroup.Group) {
	for i, listener := range l {
		options := transport.RawSocketOptions{Pings: s.current.Load().config.RawSocket[i].Ping}
		group.Go(func() error { return wrap("serve RawSocket", s.transport.ServeRawSocket(listener, options)) })
		s.logger.Info("listening for RawSocket", "network", listener.Addr().Network(), "address", listener.Addr().String())
	}
}

func (l rawListeners) close() {
	for _, listener := range l {
		listener.Close()
	}
}

// addresses returns the addresses of the listeners, with the real port for port 0.
func (l rawListeners) addresses() []net.Addr {
	addresses := make([]net.Addr, 0, len(l))
	for _, listener := range l {
		addresses = append(addresses, listener.Addr())
	}
	return addresses
}
