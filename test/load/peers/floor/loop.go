package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"

	"golang.org/x/sys/unix"
)

// readBytes limits one read from a connection.
const readBytes = 64 << 10

// floor is the server. It is owned by serve, which runs on one thread.
type floor struct {
	mode    mode
	address netip.AddrPort

	epoll    int
	listener int
	conns    []*conn // by descriptor
	topics   map[uint32]*topic
	dirty    []*topic // topics with events that wait for the end of the read
	buffer   []byte
}

// conn is one connection.
type conn struct {
	fd    int
	state state
	topic *topic // of a subscriber
	place int    // among the topic's subscribers
	in    []byte // an incomplete request or frame
	out   []byte // bytes that the socket has not accepted
}

type state uint8

const (
	opening state = iota
	subscriber
	publisher
)

type topic struct {
	subscribers []*conn
	events      []byte // the frames of the current read
}

func newFloor(address string, m mode) (*floor, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("read the address: %w", err)
	}
	f := &floor{mode: m, topics: make(map[uint32]*topic), buffer: make([]byte, readBytes)}
	if f.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if f.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	if err := unix.Bind(f.listener, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return nil, fmt.Errorf("bind to %s: %w", address, err)
	}
	if err := unix.Listen(f.listener, unix.SOMAXCONN); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	bound, err := unix.Getsockname(f.listener)
	if err != nil {
		return nil, fmt.Errorf("ask for the address: %w", err)
	}
	f.address = netip.AddrPortFrom(at.Addr(), uint16(bound.(*unix.SockaddrInet4).Port))
	return f, f.watch(unix.EPOLL_CTL_ADD, f.listener, unix.EPOLLIN)
}

func (f *floor) watch(operation, fd int, events uint32) error {
	if err := unix.EpollCtl(f.epoll, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("watch a descriptor: %w", err)
	}
	return nil
}

func (f *floor) serve() error {
	runtime.LockOSThread()
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(f.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == f.listener {
				err = f.accept()
			} else {
				err = f.ready(f.conns[e.Fd], e.Events)
			}
			if err != nil {
				return err
			}
		}
	}
}

func (f *floor) accept() error {
	for {
		fd, _, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ECONNABORTED) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		for fd >= len(f.conns) {
			f.conns = append(f.conns, nil)
		}
		f.conns[fd] = &conn{fd: fd}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return fmt.Errorf("set TCP_NODELAY: %w", err)
		}
		if err := f.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
			return err
		}
	}
}

// ready serves a connection that is readable or writable. An error concerns the server, not the connection.
func (f *floor) ready(c *conn, events uint32) error {
	if c == nil {
		return nil // already closed
	}
	if events&unix.EPOLLOUT != 0 {
		if err := f.flush(c); err != nil {
			return err
		}
	}
	if events&^unix.EPOLLOUT == 0 || f.conns[c.fd] != c {
		return nil
	}
	n, errno := read(c.fd, f.buffer)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0 || n == 0:
		return f.close(c)
	}
	return f.received(c, f.buffer[:n])
}

func (f *floor) close(c *conn) error {
	if f.conns[c.fd] != c {
		return nil
	}
	f.conns[c.fd] = nil
	if c.topic != nil {
		last := len(c.topic.subscribers) - 1
		moved := c.topic.subscribers[last]
		c.topic.subscribers[c.place], moved.place = moved, c.place
		c.topic.subscribers = c.topic.subscribers[:last]
	}
	if err := unix.Close(c.fd); err != nil {
		return fmt.Errorf("close a connection: %w", err)
	}
	return nil
}
