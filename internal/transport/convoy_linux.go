package transport

import (
	"bytes"
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
	room    []byte   // for frames that go together
}

// parcel is what one connection is to be sent.
type parcel struct {
	visit
	link  *polled
	bytes []byte // all of the visit's frames
}

// convoySize bounds how long the first of a convoy waits for the last to be prepared, some tens of
// microseconds. With a quarter of it an event costs 7 % more.
const convoySize = 64

// equip gets rings, unless the system has none.
func (s *Server) equip() {
	if s.options.WriteAlone {
		return
	}
	for _, sh := range s.shards {
		if err := sh.convoy.equip(); err != nil {
			s.log.Info("each connection is written to with a system call of its own", "reason", err)
			return
		}
	}
}

func (cv *convoy) equip() (err error) {
	if cv.ring, err = newRing(convoySize); err != nil {
		return err
	}
	cv.parcels, cv.room = make([]parcel, 0, convoySize), make([]byte, 0, takeBytes)
	return nil
}

// join reports false if the connection has to be written to alone.
func (cv *convoy) join(v visit) bool {
	link, ok := v.conn.link.(*polled)
	if cv.ring == nil || !ok || link.sealed != nil || len(v.out.frames) == 0 {
		return false
	}
	bytes, fits := cv.load(v.out.frames)
	if !fits && len(cv.parcels) > 0 {
		cv.depart()
		bytes, fits = cv.load(v.out.frames)
	}
	if !fits {
		return false
	}
	v.out.frames = nil // they are the next one's room
	cv.parcels = append(cv.parcels, parcel{v, link, bytes})
	if len(cv.parcels) == cap(cv.parcels) {
		cv.depart()
	}
	return true
}

// load puts frames together, if there is room.
func (cv *convoy) load(frames [][]byte) (p []byte, fits bool) {
	if len(frames) == 1 {
		return frames[0], len(frames[0]) > 0
	}
	begin := len(cv.room)
	chunk, count := gather(cv.room[begin:], frames)
	if count == 0 || count < len(frames) {
		return nil, false
	}
	cv.room = cv.room[:begin+len(chunk)]
	return chunk, true
}

// depart writes to all that have joined.
func (cv *convoy) depart() {
	switch len(cv.parcels) {
	case 0:
		return
	case 1:
		cv.parcels[0].sendAlone(0)
	default:
		cv.submit()
	}
	clear(cv.parcels)
	cv.parcels, cv.room = cv.parcels[:0], cv.room[:0]
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
		sh.server.log.Error("each connection is written to with a call of its own from now on", "error", err)
		cv.close()
	}
}

// arrived goes on with what the kernel says: how many bytes it took, or why none.
func (p *parcel) arrived(result int32) {
	switch {
	case int(result) == len(p.bytes):
		p.conn.wrote(len(p.bytes))
		p.end(true, nil)
	case result >= 0:
		p.conn.wrote(int(result))
		p.sendAlone(int(result))
	case result == -int32(unix.EAGAIN), result == -int32(unix.EINTR):
		p.sendAlone(0)
	case result == -int32(unix.EBADF):
		p.end(false, net.ErrClosed)
	default:
		p.end(false, unix.Errno(-result))
	}
}

// sendAlone sends what is left.
func (p *parcel) sendAlone(from int) {
	p.out.frames = [][]byte{bytes.Clone(p.bytes[from:])}
	p.end(p.link.send(p.out))
}

func (cv *convoy) close() {
	if cv.ring != nil {
		cv.ring.close()
		cv.ring = nil
	}
}
