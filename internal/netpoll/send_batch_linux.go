package netpoll

import (
	"net"

	"golang.org/x/sys/unix"
)

// Batch writes to many sockets with one system call. Entering the kernel and returning costs as much as a good part of
// a small write, and a batch enters once. A batch only tries: what the kernel does not accept is left to Socket.Write,
// which makes every write where there is no io_uring.
//
// A nil Batch accepts no socket. A Batch belongs to one goroutine, the one that may call Write of its sockets.
//
// # Locks
//
// Flush locks every socket of the batch, up to batchSize of them, until the kernel has finished. That cannot deadlock.
// All these locks belong to one loop, and only the goroutine that owns the loop's Batch takes more than one of them.
// The other holders (Close, release, a TLS reader) take one, hold no lock while they wait for it, and take no other
// before they return it. They wait as long as one batch takes, some hundred microseconds. A socket that was released
// meanwhile has the descriptor -1, and the kernel answers EBADF. TestSocketsThatCloseDuringABatchAreReported would hang
// or fail.
type Batch struct {
	loop  *Loop
	ring  *sendRing     // nil: it has failed
	sends []pendingSend // at most batchSize
	bytes int           // of all of them
	buf   []byte        // for frames of one socket that are joined
}

// pendingSend is the entry of one socket in a Batch.
type pendingSend struct {
	socket *epollSocket
	bytes  []byte // all frames of the socket
	rest   [1][]byte
}

// While the kernel works on a batch, nothing else runs on this processor, not even the garbage collector. These are the
// bounds of a batch.
const (
	// batchSize is some hundred microseconds. With half of it an event cost 7 % more, with twice as much no less.
	batchSize = 64
	// batchBytes is about as much time again.
	batchBytes = 256 << 10
	// maxJoined is the most bytes of one socket whose frames are copied together.
	maxJoined = 64 << 10
)

// NewBatch returns a batch for the sockets of a loop. It fails where the system has no io_uring that is of use.
func NewBatch(l *Loop) (*Batch, error) {
	ring, err := newSendRing(batchSize)
	if err != nil {
		return nil, err
	}
	return &Batch{
		loop:  l,
		ring:  ring,
		sends: make([]pendingSend, 0, batchSize),
		buf:   make([]byte, 0, batchBytes+maxJoined),
	}, nil
}

// CheckRing returns nil if the system has an io_uring to use, or an error that says why not.
func CheckRing() error {
	ring, err := newSendRing(1)
	if err != nil {
		return err
	}
	ring.close()
	return nil
}

// Add adds the frames of a socket to the next Flush. It returns false if the socket needs a Write of its own: it is not
// a plain descriptor, or has nothing to write, or too much.
func (b *Batch) Add(s Socket, frames [][]byte) bool {
	socket, ok := s.(*epollSocket)
	if b == nil || b.ring == nil || !ok || socket.tls != nil || len(frames) == 0 {
		return false
	}
	joined := frames[0]
	switch {
	case len(frames) == 1 && len(joined) > maxJoined:
		return false
	case len(frames) > 1:
		var count int
		start := len(b.buf)
		joined, count = gather(b.buf[start:start:min(start+maxJoined, cap(b.buf))], frames)
		if count < len(frames) {
			return false
		}
		b.buf = b.buf[:start+len(joined)]
	}
	b.sends = append(b.sends, pendingSend{socket: socket, bytes: joined})
	b.bytes += len(joined)
	return true
}

// Full reports whether Flush has to come before the next Add.
func (b *Batch) Full() bool {
	return b != nil && (len(b.sends) == cap(b.sends) || b.bytes >= batchBytes)
}

// Flush writes to all sockets of the batch. It calls done with the result of each, as of Socket.Write, in the order of
// Add.
func (b *Batch) Flush(done func(i int, rest [][]byte, err error)) {
	if b == nil || len(b.sends) == 0 {
		return
	}
	if len(b.sends) == 1 {
		done(b.sends[0].write(0))
	} else {
		for i, result := range b.submit() {
			done(b.sends[i].complete(i, result))
		}
	}
	clear(b.sends)
	b.sends, b.bytes, b.buf = b.sends[:0], 0, b.buf[:0]
}

// submit locks all sockets while the kernel writes, see Batch. It returns a result for each.
func (b *Batch) submit() (results []int32) {
	results = b.ring.results[:len(b.sends)]
	for i := range b.sends {
		s := &b.sends[i]
		s.socket.mu.Lock()
		b.ring.add(s.socket.fd, s.bytes)
	}
	err := b.ring.submit()
	for i := range b.sends {
		b.sends[i].socket.mu.Unlock()
	}
	b.loop.writes.Add(1)
	if err != nil {
		b.loop.options.Log.Error("io_uring failed, so each connection needs its own system call from now on", "error", err)
		b.Close()
	}
	return results
}

// complete continues with the result of the kernel: how many bytes it accepted, or an error.
func (p *pendingSend) complete(i int, result int32) (_ int, rest [][]byte, err error) {
	switch {
	case result >= 0:
		p.socket.handler.Wrote(int(result))
		if p.bytes = p.bytes[result:]; len(p.bytes) == 0 {
			return i, nil, nil
		}
		return p.write(i)
	case result == -int32(unix.EAGAIN), result == -int32(unix.EINTR):
		return p.write(i)
	case result == -int32(unix.EBADF): // it was released
		return i, nil, net.ErrClosed
	}
	return i, nil, unix.Errno(-result)
}

// write writes the bytes that are left, without the ring.
func (p *pendingSend) write(i int) (_ int, rest [][]byte, err error) {
	p.rest[0] = p.bytes
	rest, err = p.socket.Write(p.rest[:], nil)
	return i, rest, err
}

// Close frees what the batch holds of the kernel. No socket can be added any more.
func (b *Batch) Close() {
	if b != nil && b.ring != nil {
		b.ring.close()
		b.ring = nil
	}
}
