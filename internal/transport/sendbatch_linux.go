package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// A convoy is connections that are written to with one system call: where there is io_uring, going to
// the kernel and coming back costs as much as a good part of a small write, and a convoy goes there
// once. It only tries: what is left of a message, because the client does not keep up, goes on alone,
// the way that every write goes where there is no ring.
type sendBatch struct {
	ring  *sendRing     // nil: there is none
	sends []pendingSend // as many as the ring has room for
	bytes int           // of all of them
	room  []byte        // for frames that go together, and what is encrypted
	plain []byte        // for frames that are encrypted together
}

// pendingSend is what one connection is to be sent.
type pendingSend struct {
	pendingFlush
	socket *epollSocket
	bytes  []byte // all of the visit's frames, encrypted if the link is sealed
	rest   [1][]byte
}

// What bounds a convoy: nothing else can run on its processor, not even the garbage collector, until the
// kernel has done all of it.
const (
	// batchSize is some hundred microseconds. With half of it an event cost 7 % more, with twice as much no less.
	batchSize = 64
	// batchBytes is about as much again.
	batchBytes = 256 << 10
)

// openRings gets rings, unless the system has none.
func (s *Server) openRings() {
	if s.options.DisableIOUring {
		return
	}
	for _, sh := range s.shards {
		if err := sh.batch.openRing(); err != nil {
			s.log.Info("each connection is written to with a system call of its own", "reason", err)
			s.closeRings()
			return
		}
	}
}

func (s *Server) closeRings() {
	for _, sh := range s.shards {
		sh.batch.close()
	}
}

func (cv *sendBatch) openRing() (err error) {
	if cv.ring, err = newSendRing(batchSize); err != nil {
		return err
	}
	cv.sends = make([]pendingSend, 0, batchSize)
	cv.room, cv.plain = make([]byte, 0, takeBytes), make([]byte, 0, takeBytes)
	return nil
}

// add reports false if the connection has to be written to alone.
func (cv *sendBatch) add(v pendingFlush) bool {
	link, ok := v.conn.socket.(*epollSocket)
	if cv.ring == nil || !ok || len(v.out.frames) == 0 {
		return false
	}
	bytes, err := cv.stage(link, v.out.frames)
	if bytes == nil && len(cv.sends) > 0 {
		cv.flush() // then there is more room
		bytes, err = cv.stage(link, v.out.frames)
	}
	switch {
	case err != nil:
		v.done(false, err)
		return true
	case bytes == nil:
		return false
	}
	v.out.frames = nil // they are the next one's room
	cv.sends = append(cv.sends, pendingSend{pendingFlush: v, socket: link, bytes: bytes})
	cv.bytes += len(bytes)
	if len(cv.sends) == cap(cv.sends) || cv.bytes >= batchBytes {
		cv.flush()
	}
	return true
}

// stage puts frames together as they are to be sent; nil, if there is no room for all.
func (cv *sendBatch) stage(link *epollSocket, frames [][]byte) (loaded []byte, err error) {
	begin := len(cv.room)
	switch {
	case link.tls != nil:
		plain, count := gather(cv.plain, frames)
		if count < len(frames) || mostSealed(len(plain)) > cap(cv.room)-begin {
			return nil, nil
		}
		loaded, err = link.tls.load(cv.room[begin:begin], plain)
	case len(frames) == 1 && len(frames[0]) > takeBytes:
		return nil, nil
	case len(frames) == 1:
		return frames[0], nil
	default:
		var count int
		if loaded, count = gather(cv.room[begin:], frames); count < len(frames) {
			return nil, nil
		}
	}
	cv.room = cv.room[:min(begin+len(loaded), cap(cv.room))]
	return loaded, err
}

// flush writes to all that have joined.
func (cv *sendBatch) flush() {
	switch len(cv.sends) {
	case 0:
		return
	case 1:
		cv.sends[0].sendAlone()
	default:
		cv.submit()
	}
	clear(cv.sends)
	cv.sends, cv.bytes, cv.room = cv.sends[:0], 0, cv.room[:0]
}

// submit holds the descriptors of all for as long as the kernel is at work on them. Who frees one holds
// nothing else meanwhile.
func (cv *sendBatch) submit() {
	sh := cv.sends[0].conn.shard
	for i := range cv.sends {
		p := &cv.sends[i]
		p.socket.mu.Lock()
		cv.ring.add(p.socket.fd, p.bytes) // of one that is freed the kernel says so
	}
	err := cv.ring.submit()
	for i := range cv.sends {
		cv.sends[i].socket.mu.Unlock()
	}
	sh.writes.Add(1)
	for i := range cv.sends {
		cv.sends[i].complete(cv.ring.results[i])
	}
	if err != nil {
		sh.server.log.Error("the connections of a shard are written to with a system call each from now on", "error", err)
		cv.close()
	}
}

// complete goes on with what the kernel says: how many bytes it took, or why none.
func (p *pendingSend) complete(result int32) {
	switch {
	case result >= 0:
		p.advance(int(result))
	case result == -int32(unix.EAGAIN), result == -int32(unix.EINTR):
		p.sendAlone()
	case result == -int32(unix.EBADF):
		p.done(false, net.ErrClosed)
	default:
		p.done(false, unix.Errno(-result))
	}
}

func (p *pendingSend) advance(n int) {
	p.bytes = p.bytes[n:]
	if p.socket.tls != nil { // it has counted them, and may have something to send since
		p.sendAlone()
		return
	}
	p.conn.wrote(n)
	if len(p.bytes) > 0 {
		p.sendAlone()
		return
	}
	p.done(true, nil)
}

// sendAlone sends what is left.
func (p *pendingSend) sendAlone() {
	if p.socket.tls != nil {
		p.socket.tls.unload(p.bytes) // it sends what it keeps
	} else {
		p.rest[0] = p.bytes
		p.out.frames = p.rest[:]
	}
	p.done(p.socket.send(p.out))
}

func (cv *sendBatch) close() {
	if cv.ring != nil {
		cv.ring.close()
		cv.ring = nil
	}
}
