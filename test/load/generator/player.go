// Package generator plays the clients of a server: it opens connections, speaks what their dialect says,
// publishes, and counts and times what they receive. One goroutine does it all in an epoll loop, so
// that it costs less than the server that it measures. It never looks into the server.
package generator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/test/load/wire"
)

const (
	// readBytes is what is read of one connection at once, into a buffer that all share.
	readBytes = 256 << 10
	// opening is how many connections are brought up at a time: enough to keep the server busy, few
	// enough for its accept queue.
	opening = 64
	// tick bounds how long the loop sleeps, and so how late it notices that it is to stop.
	tick = 50 * time.Millisecond
	// connectWithin bounds how long a server may make no progress with new connections.
	connectWithin = 30 * time.Second
)

// Client is what a connection is to be.
type Client struct {
	wire.Client
	Dialect wire.Dialect
	// Meter counts what is received; without one it is that of the dialect.
	Meter wire.Meter
}

// Player plays clients of one server. Its methods belong to one goroutine.
type Player struct {
	address string
	tls     *tls.Config // nil: in plain

	epoll      int
	conns      []*Conn // by descriptor
	buffer     []byte
	ready      []unix.EpollEvent
	unsent     []*Conn // with something to write at the end of the turn
	handshakes *handshakes
	alert      bool // there is a core for the player alone

	base     time.Time
	now      time.Duration // since base, read after each read
	worked   time.Duration // in turns with something to do
	up       int           // connections whose script is through, ever
	progress time.Duration // when the last one was
	play     *play         // nil: nothing is published
}

// New makes a player for the server at the address, which speaks TLS if there is a configuration for it.
func New(address string, config *tls.Config) (*Player, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &Player{
		address: address, tls: config, epoll: epoll,
		buffer: make([]byte, readBytes), ready: make([]unix.EpollEvent, 512), base: time.Now(), alert: runtime.NumCPU() > 1,
	}
	if config != nil {
		if p.handshakes, err = newHandshakes(epoll); err != nil {
			_ = unix.Close(epoll) // the error that matters is the first
			return nil, err
		}
	}
	return p, nil
}

// Close ends all connections without ceremony, so that nothing of them stays in the kernel.
func (p *Player) Close() {
	for _, c := range p.conns {
		if c != nil && c.secure != nil {
			_ = unix.Shutdown(c.fd, unix.SHUT_RDWR) // so that a handshake that still runs gives up
		}
	}
	p.handshakes.close()
	for _, c := range p.conns {
		if c != nil {
			_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // then it lingers
			_ = unix.Close(c.fd)                                                                     // nobody could do anything about it
		}
	}
	_ = unix.Close(p.epoll) // nobody could do anything about it
}

// Connect opens connections and brings each through its script.
func (p *Player) Connect(ctx context.Context, clients []Client) ([]*Conn, error) {
	conns := make([]*Conn, 0, len(clients))
	before := p.up
	p.progress = p.clock()
	for p.up-before < len(clients) {
		for len(conns) < len(clients) && len(conns)-(p.up-before) < opening {
			began := p.clock()
			c, err := p.open(&clients[len(conns)])
			if err != nil {
				return nil, err
			}
			conns = append(conns, c)
			p.worked += p.clock() - began
		}
		if err := p.turn(ctx, p.patience()); err != nil {
			return nil, err
		}
		if p.clock()-p.progress > connectWithin {
			return nil, fmt.Errorf("connect: %d of %d connections are up, and none was added for %s", p.up-before, len(clients), connectWithin)
		}
	}
	return conns, nil
}

// patience is how long the player sleeps while it connects: not at all, as while it publishes, unless
// handshakes of TLS need its core.
func (p *Player) patience() time.Duration {
	if p.alert && p.handshakes == nil {
		return 0
	}
	return tick
}

// Rest answers what servers ask of clients that have nothing to do, for that long.
func (p *Player) Rest(ctx context.Context, d time.Duration) error {
	for end := p.clock() + d; ; {
		left := end - p.clock()
		if left <= 0 {
			return nil
		}
		if err := p.turn(ctx, min(left, tick)); err != nil {
			return err
		}
	}
}

// Worked is how long the player has been at work so far.
func (p *Player) Worked() time.Duration { return p.worked }

func (p *Player) clock() time.Duration { return time.Since(p.base) }

// turn waits for connections that can be served, serves them, and then writes what has come up.
//
// While something is published it does not sleep, where there is a core to spare: a server whose client
// sleeps is charged for waking its core, which over a real network it would not be, and an event would
// be read later than it came.
func (p *Player) turn(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p.unsent) > 0 || p.play != nil && p.alert {
		wait = 0
	}
	n, err := unix.EpollWait(p.epoll, p.ready, int(wait.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait: %w", err)
	}
	if n <= 0 {
		return p.flush()
	}
	began := p.clock()
	for i := range n {
		if err := p.serve(&p.ready[i]); err != nil {
			return err
		}
	}
	err = p.flush()
	p.worked += p.clock() - began
	return err
}

func (p *Player) serve(e *unix.EpollEvent) error {
	fd := int(e.Fd)
	switch {
	case p.handshakes != nil && fd == p.handshakes.wake:
		return p.takeHandshakes()
	case p.play != nil && fd == p.play.timer:
		return p.play.tick()
	}
	c := p.conns[fd]
	if e.Events&unix.EPOLLOUT != 0 {
		p.later(c)
	}
	if e.Events&^unix.EPOLLOUT == 0 {
		return nil
	}
	if err := p.read(c); err != nil {
		return fmt.Errorf("connection %d: %w", c.client.Number, err)
	}
	return nil
}

// later has a connection's bytes written at the end of the turn, so that they become one write.
func (p *Player) later(c *Conn) {
	if !c.queued {
		c.queued = true
		p.unsent = append(p.unsent, c)
	}
}

func (p *Player) flush() error {
	if p.play != nil {
		p.play.stamp()
	}
	for _, c := range p.unsent {
		c.queued = false
		if err := p.write(c); err != nil {
			return fmt.Errorf("connection %d: %w", c.client.Number, err)
		}
	}
	p.unsent = p.unsent[:0]
	return nil
}

func (p *Player) watch(operation, fd int, events uint32) error {
	return watch(p.epoll, operation, unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func watch(epoll, operation int, e unix.EpollEvent) error {
	if err := unix.EpollCtl(epoll, operation, int(e.Fd), &e); err != nil {
		return fmt.Errorf("watch a descriptor: %w", err)
	}
	return nil
}
