package main

import (
	"golang.org/x/sys/unix"
)

// publish delivers an event to a topic's subscribers: at once, or after all frames of the current read.
func (f *floor) publish(number uint32, payload []byte) error {
	t := f.topics[number]
	if t == nil || len(t.subscribers) == 0 {
		return nil
	}
	if f.mode == each {
		t.events = appendEvent(t.events[:0], payload)
		return f.send(t)
	}
	if len(t.events) == 0 {
		f.dirty = append(f.dirty, t)
	}
	t.events = appendEvent(t.events, payload)
	return nil
}

// sendAll writes the events that were collected during a read.
func (f *floor) sendAll() error {
	for _, t := range f.dirty {
		if err := f.send(t); err != nil {
			return err
		}
		t.events = t.events[:0]
	}
	f.dirty = f.dirty[:0]
	return nil
}

// send writes a topic's events to its subscribers. It goes backwards because a broken connection is removed, and the
// last connection takes its place.
func (f *floor) send(t *topic) error {
	for i := len(t.subscribers) - 1; i >= 0; i-- {
		if err := f.write(t.subscribers[i], t.events); err != nil {
			return err
		}
	}
	return nil
}

// write writes p. It keeps what the socket does not accept, and watches the socket for EPOLLOUT.
func (f *floor) write(c *conn, p []byte) error {
	if len(c.out) > 0 {
		c.out = append(c.out, p...)
		return nil
	}
	n, errno := write(c.fd, p)
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		return f.close(c)
	}
	if n == len(p) {
		return nil
	}
	c.out = append(c.out, p[n:]...)
	return f.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN|unix.EPOLLOUT)
}

// flush writes the kept bytes.
func (f *floor) flush(c *conn) error {
	n, errno := write(c.fd, c.out)
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		return f.close(c)
	}
	if c.out = c.out[n:]; len(c.out) > 0 {
		return nil
	}
	c.out = nil
	return f.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN)
}
