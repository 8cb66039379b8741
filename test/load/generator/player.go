// Package generator plays the clients of a server: it opens connections, follows their dialect, publishes, and counts
// and times the events. One goroutine does all of this in an epoll loop, so that it costs less than the measured
// server. The package never looks into the server.
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
	// readBytes limits one read from a connection, into a buffer that all connections share.
	readBytes = 256 << 10
	// maxConnecting limits the connections whose scripts run at the same time: enough to keep the server busy, few
	// enough for its accept queue.
	maxConnecting = 64
	// tick limits how long the loop sleeps, and so how late it notices a cancellation.
	tick = 50 * time.Millisecond
	// connectTimeout limits how long a server may make no progress with new connections.
	connectTimeout = 30 * time.Second
)

// Client describes a connection to open.
type Client struct {
	wire.Client
	Dialect wire.Dialect
	// Then holds exchanges after the dialect's script.
	Then []wire.Step
	// Meter counts the events; nil selects the dialect's meter.
	Meter wire.Meter
}

// Player plays the clients of one server. One goroutine must call all of its methods.
type Player struct {
	address string
	tls     *tls.Config // nil: no TLS

	epoll      int
	conns      []*Conn // by descriptor
	buffer     []byte
	ready      []unix.EpollEvent
	unflushed  []*Conn // have bytes to write at the end of the turn
	handshakes *handshakes
	ownCore    bool // the player has a core for itself

	base        time.Time
	now         time.Duration // since base, read after each read
	worked      time.Duration // in turns that served a connection
	scriptsDone int           // connections whose script is complete, in total
	progress    time.Duration // when the last script was complete
	play        *play         // nil: no traffic
}

// New returns a player for the server at address. It uses TLS if config is not nil.
func New(address string, config *tls.Config) (*Player, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &Player{
		address: address, tls: config, epoll: epoll,
		buffer: make([]byte, readBytes), ready: make([]unix.EpollEvent, 512), base: time.Now(), ownCore: runtime.NumCPU() > 1,
	}
	if config != nil {
		if p.handshakes, err = newHandshakes(epoll); err != nil {
			_ = unix.Close(epoll) // the first error is returned
			return nil, err
		}
	}
	return p, nil
}

// Close resets all connections, so that none stays in the kernel.
func (p *Player) Close() {
	p.Disconnect()
	_ = unix.Close(p.epoll) // the run is over: an error changes nothing
}

// Disconnect resets all connections. Other ones can be opened then, except with TLS.
func (p *Player) Disconnect() {
	for _, c := range p.conns {
		if c != nil && c.secure != nil {
			_ = unix.Shutdown(c.fd, unix.SHUT_RDWR) // ends a handshake that still runs
		}
	}
	p.handshakes.close()
	for _, c := range p.conns {
		if c != nil {
			// The run is over: an error changes nothing, and a connection that lingers is harmless.
			_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			_ = unix.Close(c.fd)
		}
	}
	clear(p.conns)
	p.unflushed = p.unflushed[:0]
}

// Connect opens connections and runs the script of each.
func (p *Player) Connect(ctx context.Context, clients []Client) ([]*Conn, error) {
	conns := make([]*Conn, len(clients))
	return conns, p.runScripts(ctx, len(clients), func(i int) (err error) {
		conns[i], err = p.open(&clients[i])
		return err
	})
}

// Continue runs a further script on each connection.
func (p *Player) Continue(ctx context.Context, conns []*Conn, script func(i int) []wire.Step) error {
	return p.runScripts(ctx, len(conns), func(i int) error {
		conns[i].script = script(i)
		return p.follow(conns[i])
	})
}

// runScripts runs n scripts, of which begin begins each.
func (p *Player) runScripts(ctx context.Context, n int, begin func(i int) error) error {
	begun, before := 0, p.scriptsDone
	p.progress = p.clock()
	for p.scriptsDone-before < n {
		for ; begun < n && begun-(p.scriptsDone-before) < maxConnecting; begun++ {
			began := p.clock()
			if err := begin(begun); err != nil {
				return err
			}
			p.worked += p.clock() - began
		}
		if err := p.turn(ctx, p.connectWait()); err != nil {
			return err
		}
		if p.clock()-p.progress > connectTimeout {
			return fmt.Errorf("connect: %d of %d connections are ready, and none was added for %s", p.scriptsDone-before, n, connectTimeout)
		}
	}
	return nil
}

// connectWait returns how long the player may sleep while it connects: 0 as while it publishes, unless TLS handshakes
// need its core.
func (p *Player) connectWait() time.Duration {
	if p.ownCore && p.handshakes == nil {
		return 0
	}
	return tick
}

// Idle serves the connections for d, so that pings are answered.
func (p *Player) Idle(ctx context.Context, d time.Duration) error {
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

// Worked returns the time that the player has spent in turns with work.
func (p *Player) Worked() time.Duration { return p.worked }

func (p *Player) clock() time.Duration { return time.Since(p.base) }

// turn waits for ready connections, serves them, and then writes their output.
//
// While there is traffic, turn does not sleep if the player has its own core. A server would be charged for waking
// the core of a sleeping client, which it does not do over a real network. Events would also be read late.
func (p *Player) turn(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p.unflushed) > 0 || p.play != nil && p.ownCore {
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
		p.queueFlush(c)
	}
	if e.Events&^unix.EPOLLOUT == 0 {
		return nil
	}
	if err := p.read(c); err != nil {
		return fmt.Errorf("connection %d: %w", c.client.Number, err)
	}
	return nil
}

// queueFlush makes the end of the turn write the connection's bytes, with one write.
func (p *Player) queueFlush(c *Conn) {
	if !c.queued {
		c.queued = true
		p.unflushed = append(p.unflushed, c)
	}
}

func (p *Player) flush() error {
	if p.play != nil {
		p.play.stamp()
	}
	for _, c := range p.unflushed {
		c.queued = false
		if err := p.write(c); err != nil {
			return fmt.Errorf("connection %d: %w", c.client.Number, err)
		}
	}
	p.unflushed = p.unflushed[:0]
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
