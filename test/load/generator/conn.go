package generator

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/test/load/wire"
)

const (
	// perSource limits the connections from one source address, which has about that many ports for one server.
	perSource = 20_000
	// dialTimeout limits how long the kernel may take to connect.
	dialTimeout = 5 * time.Second
)

// Conn is one connection.
type Conn struct {
	fd     int
	client wire.Client
	script []wire.Step
	meter  wire.Meter
	answer wire.Answerer // nil: the meter never answers
	secure *secure       // nil: no TLS

	received []byte // not consumed by the script yet
	out      []byte // not written yet
	queued   bool   // is in Player.unflushed
	full     bool   // the socket is not writable

	stream *stream // the stream that it subscribes to; nil: events are only counted
	next   uint64  // number of the publication of its next event
	events uint64  // in total
}

// Events returns the number of events that the connection has received.
func (c *Conn) Events() uint64 { return c.events }

func (p *Player) open(client *Client) (*Conn, error) {
	script := append(client.Dialect.Script(client.Client), client.Then...)
	meter := client.Meter
	if meter == nil {
		meter = client.Dialect.Meter()
	}
	answer, _ := meter.(wire.Answerer)
	c := &Conn{client: client.Client, script: script, meter: meter, answer: answer}
	var err error
	if c.fd, err = dial(p.address, client.Number/perSource); err != nil {
		return nil, fmt.Errorf("connection %d: %w", client.Number, err)
	}
	for c.fd >= len(p.conns) {
		p.conns = append(p.conns, nil)
	}
	p.conns[c.fd] = c
	if p.tls != nil {
		c.secure = p.handshakes.begin(c, p.tls)
		return c, nil
	}
	return c, p.begin(c)
}

// begin starts the script of a connection.
func (p *Player) begin(c *Conn) error {
	if err := unix.SetNonblock(c.fd, true); err != nil {
		return fmt.Errorf("make a socket non-blocking: %w", err)
	}
	if err := p.watch(unix.EPOLL_CTL_ADD, c.fd, unix.EPOLLIN); err != nil {
		return err
	}
	return p.follow(c)
}

// dial blocks, which takes no time over loopback: the kernel answers.
func dial(address string, source int) (int, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, fmt.Errorf("read the address: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("make a socket: %w", err)
	}
	limit := unix.NsecToTimeval(dialTimeout.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + source)}}),
	)
	if err == nil {
		_, err = uninterrupted(func() (int, error) {
			return 0, unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
		})
	}
	if err != nil {
		_ = unix.Close(fd) // the first error is returned
		return 0, fmt.Errorf("connect to %s: %w", address, err)
	}
	return fd, nil
}

// read reads once. If more data is there, the next turn reads it.
func (p *Player) read(c *Conn) error {
	n, errno := transfer(unix.SYS_READ, c.fd, p.buffer)
	p.now = p.clock()
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return fmt.Errorf("read: %w", errno)
	case n == 0:
		return fmt.Errorf("read: the server has closed the connection: %w", io.ErrUnexpectedEOF)
	}
	if c.secure != nil {
		return c.secure.decrypt(p.buffer[:n], func(text []byte) error { return p.take(c, text) })
	}
	return p.take(c, p.buffer[:n])
}

// take handles received bytes.
func (p *Player) take(c *Conn, text []byte) error {
	if len(c.script) > 0 {
		c.received = append(c.received, text...)
		return p.follow(c)
	}
	events, err := c.meter.Count(text)
	if err != nil {
		return err
	}
	if c.answer != nil {
		before := len(c.out)
		if c.out = c.answer.AppendAnswers(c.out); len(c.out) > before {
			p.queueFlush(c)
		}
	}
	c.events += uint64(events)
	if events == 0 || p.play == nil {
		return nil
	}
	return p.play.received(c, events)
}

// follow continues the script until it needs another answer of the server.
func (p *Player) follow(c *Conn) error {
	for len(c.script) > 0 {
		step := &c.script[0]
		if len(step.Send) > 0 {
			c.out = append(c.out, step.Send...)
			step.Send = nil
			p.queueFlush(c)
		}
		if step.Answered != nil {
			consumed, err := step.Answered(c.received)
			if err != nil {
				return err
			}
			if consumed == 0 {
				return nil
			}
			c.received = c.received[consumed:]
		}
		c.script = c.script[1:]
	}
	rest := c.received
	c.script, c.received = nil, nil
	p.scriptsDone++
	p.progress = p.clock()
	return p.take(c, rest)
}

// write writes the queued bytes. If the socket does not accept all of them, write watches it for EPOLLOUT.
func (p *Player) write(c *Conn) error {
	out := &c.out
	if c.secure != nil {
		if err := c.secure.encrypt(&c.out); err != nil {
			return err
		}
		out = &c.secure.out
	}
	n, errno := transfer(unix.SYS_WRITE, c.fd, *out)
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		return fmt.Errorf("write: %w", errno)
	}
	rest := copy(*out, (*out)[n:])
	*out = (*out)[:rest]
	if full := rest > 0; full != c.full {
		c.full = full
		events := uint32(unix.EPOLLIN)
		if full {
			events |= unix.EPOLLOUT
		}
		return p.watch(unix.EPOLL_CTL_MOD, c.fd, events)
	}
	return nil
}
