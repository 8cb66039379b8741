package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// A convoy is connections that are written to with one system call: where there is io_uring, going to
// the kernel and coming back costs as much as a good part of a small write, and a convoy goes there
// once. It only tries: what is left of a message, because the client does not keep up, goes on alone,
// the way that every write goes where there is no ring.
type convoy struct {
	ring    *ring    // nil: there is none
	parcels []parcel // as many as the ring has room for
	bytes   int      // of all of them
	room    []byte   // for frames that go together, and what is encrypted
	plain   []byte   // for frames that are encrypted together
}

// parcel is what one connection is to be sent.
type parcel struct {
	visit
	link  *polled
	bytes []byte // all of the visit's frames, encrypted if the link is sealed
	rest  [1][]byte
}

// What bounds a convoy: nothing else can run on its processor, not even the garbage collector, until the
// kernel has done all of it.
const (
	// convoySize is some hundred microseconds. With half of it an event cost 7 % more, with twice as much no less.
	convoySize = 64
	// convoyBytes is about as much again.
	convoyBytes = 256 << 10
)

// equip gets rings, unless the system has none.
func (s *Server) equip() {
	if s.options.WriteAlone {
		return
	}
	for _, sh := range s.shards {
		if err := sh.convoy.equip(); err != nil {
			s.log.Info("each connection is written to with a system call of its own", "reason", err)
			s.unequip()
			return
		}
	}
}

func (s *Server) unequip() {
	for _, sh := range s.shards {
		sh.convoy.close()
	}
}

func (cv *convoy) equip() (err error) {
	if cv.ring, err = newRing(convoySize); err != nil {
		return err
	}
	cv.parcels = make([]parcel, 0, convoySize)
	cv.room, cv.plain = make([]byte, 0, takeBytes), make([]byte, 0, takeBytes)
	return nil
}

// join reports false if the connection has to be written to alone.
func (cv *convoy) join(v visit) bool {
	link, ok := v.conn.link.(*polled)
	if cv.ring == nil || !ok || len(v.out.frames) == 0 {
		return false
	}
	bytes, err := cv.load(link, v.out.frames)
	if bytes == nil && len(cv.parcels) > 0 {
		cv.depart() // then there is more room
		bytes, err = cv.load(link, v.out.frames)
	}
	switch {
	case err != nil:
		v.end(false, err)
		return true
	case bytes == nil:
		return false
	}
	v.out.frames = nil // they are the next one's room
	cv.parcels = append(cv.parcels, parcel{visit: v, link: link, bytes: bytes})
	cv.bytes += len(bytes)
	if len(cv.parcels) == cap(cv.parcels) || cv.bytes >= convoyBytes {
		cv.depart()
	}
	return true
}

// load puts frames together as they are to be sent; nil, if there is no room for all.
func (cv *convoy) load(link *polled, frames [][]byte) (loaded []byte, err error) {
	begin := len(cv.room)
	switch {
	case link.sealed != nil:
		plain, count := gather(cv.plain, frames)
		if count < len(frames) || mostSealed(len(plain)) > cap(cv.room)-begin {
			return nil, nil
		}
		loaded, err = link.sealed.load(cv.room[begin:begin], plain)
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

// depart writes to all that have joined.
func (cv *convoy) depart() {
	switch len(cv.parcels) {
	case 0:
		return
	case 1:
		cv.parcels[0].sendAlone()
	default:
		cv.submit()
	}
	clear(cv.parcels)
	cv.parcels, cv.bytes, cv.room = cv.parcels[:0], 0, cv.room[:0]
}

// submit holds the descriptors of all for as long as the kernel is at work on them. Who frees one holds
// nothing else meanwhile.
func (cv *convoy) submit() {
	sh := cv.parcels[0].conn.shard
	for i := range cv.parcels {
		p := &cv.parcels[i]
		p.link.mu.Lock()
		cv.ring.add(p.link.fd, p.bytes) // of one that is freed the kernel says so
	}
	err := cv.ring.submit()
	for i := range cv.parcels {
		cv.parcels[i].link.mu.Unlock()
	}
	sh.writes.Add(1)
	for i := range cv.parcels {
		cv.parcels[i].arrived(cv.ring.results[i])
	}
	if err != nil {
		sh.server.log.Error("the connections of a shard are written to with a system call each from now on", "error", err)
		cv.close()
	}
}

// arrived goes on with what the kernel says: how many bytes it took, or why none.
func (p *parcel) arrived(result int32) {
	switch {
	case result >= 0:
		p.took(int(result))
	case result == -int32(unix.EAGAIN), result == -int32(unix.EINTR):
		p.sendAlone()
	case result == -int32(unix.EBADF):
		p.end(false, net.ErrClosed)
	default:
		p.end(false, unix.Errno(-result))
	}
}

func (p *parcel) took(n int) {
	p.bytes = p.bytes[n:]
	if p.link.sealed != nil { // it has counted them, and may have something to send since
		p.sendAlone()
		return
	}
	p.conn.wrote(n)
	if len(p.bytes) > 0 {
		p.sendAlone()
		return
	}
	p.end(true, nil)
}

// sendAlone sends what is left.
func (p *parcel) sendAlone() {
	if p.link.sealed != nil {
		p.link.sealed.unload(p.bytes) // it sends what it keeps
	} else {
		p.rest[0] = p.bytes
		p.out.frames = p.rest[:]
	}
	p.end(p.link.send(p.out))
}

func (cv *convoy) close() {
	if cv.ring != nil {
		cv.ring.close()
		cv.ring = nil
	}
}
