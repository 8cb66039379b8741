package netpoll

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// unsentBytes bounds what waits in the kernel's send queue of a socket, besides the bytes on their way to the client.
// Without it the queue grows to megabytes, and the socket is writable again when a third of the queue is free. So a
// silent client would cost megabytes of the kernel, and a client that reads slowly would look silent for minutes. With
// it the socket is writable again when half of unsentBytes was sent, so Socket.BlockedSince and write deadlines see
// every 32 KiB of progress. The kernels of other systems report any room.
const unsentBytes = 64 << 10

// progressBytes is the number of bytes that a client has to accept for the time of BlockedSince to begin anew. It is
// less than the 64 KiB that are promised, because the largest segments are a little smaller than these.
const progressBytes = 48 << 10

// progress returns since when a socket is blocked, for BlockedSince. That a socket is writable again is not enough to
// see progress: segments and windows are larger than half of unsentBytes on some networks. So progress also looks at
// the send queue, with queueThen as the length that it had when the time began, plus 1. Both values are reset by the
// goroutine that writes.
func progress(s Socket, l *Loop, blockedAt *atomic.Int64, queueThen *atomic.Int32) int64 {
	since := blockedAt.Load()
	if since == 0 {
		return 0
	}
	then, now := queueThen.Load(), int32(s.Unacknowledged())+1
	if then != 0 && then-now < progressBytes {
		return since
	}
	queueThen.CompareAndSwap(then, now)
	if then == 0 || !blockedAt.CompareAndSwap(since, max(l.options.Now(), 1)) {
		return since
	}
	return blockedAt.Load()
}

// BoundSendQueue bounds what the kernel holds for a connection that does not read. Sockets of a [Loop] are bounded
// already. It has no effect on connections that are not TCP.
func BoundSendQueue(nc net.Conn) { useDescriptor(nc, boundSendQueue) }

// Unacknowledged returns how many bytes were written to a connection that the client's system has not acknowledged. It
// returns 0 if the server's system cannot tell.
func Unacknowledged(nc net.Conn) (n int) {
	useDescriptor(nc, func(fd int) { n = unacknowledged(fd) })
	return n
}

// useDescriptor calls use with the descriptor of a connection, unless the connection has none or is closed.
func useDescriptor(nc net.Conn, use func(fd int)) {
	plain, ok := unwrap(nc).(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := plain.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { use(int(fd)) }) //nolint:errcheck // fails only if it is closed
	}
}

// BoundSendQueues returns a listener whose connections are bounded by [BoundSendQueue].
func BoundSendQueues(listener net.Listener) net.Listener { return boundedListener{listener} }

type boundedListener struct{ net.Listener }

// SyscallConn returns the descriptor of the socket.
func (l boundedListener) SyscallConn() (syscall.RawConn, error) {
	if plain, ok := l.Listener.(syscall.Conn); ok {
		return plain.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// Accept implements [net.Listener].
func (l boundedListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		BoundSendQueue(nc)
	}
	return nc, err
}

// unwrap returns the connection below layers that only observe, and below TLS.
func unwrap(nc net.Conn) net.Conn {
	for {
		layer, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = layer.NetConn()
	}
}

// unobserved returns the connection below layers that only observe, which may be TLS.
func unobserved(nc net.Conn) net.Conn {
	for {
		layer, ok := nc.(interface{ NetConn() net.Conn })
		if _, secure := nc.(*tls.Conn); secure || !ok {
			return nc
		}
		nc = layer.NetConn()
	}
}
