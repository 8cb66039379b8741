package netpoll

import (
	"errors"
	"net"
)

// Socket is the lower half of a connection: it moves bytes.
type Socket interface {
	// Start makes the socket call its EventHandler. Until then the goroutine that made the socket owns it. If Start
	// fails, Wake and Close still work.
	Start() error
	// Read reads what has arrived. Only Readable may call it. ErrWouldBlock means that Readable will be called again.
	Read(p []byte) (int, error)
	// Write writes frames without blocking. Only one goroutine at a time may call it. The first call, before Start, is
	// an exception: a blocking socket waits up to Options.WriteTimeout.
	//
	// A rest that is not nil was not written, and Writable will be called when it is worth passing it to Write again.
	// It may be empty: then the socket itself holds the bytes. buf is room to join small frames.
	Write(frames [][]byte, buf []byte) (rest [][]byte, err error)
	// Wake makes the socket call Readable, whether or not something has arrived. Safe for concurrent use.
	Wake()
	// BlockedSince returns since when the client has accepted nothing, by Options.Now, although bytes wait for it. 64 KiB
	// that the client accepts begin the time anew, and less may. It returns 0 if no bytes wait. It must be called now
	// and then while a socket is blocked, because it looks at the progress. Safe for concurrent use.
	BlockedSince() int64
	// Unacknowledged returns how many bytes were written that the client's system has not acknowledged. It returns 0 if
	// the server's system cannot tell. Safe for concurrent use.
	Unacknowledged() int
	// CloseWrite closes the server's direction only.
	CloseWrite()
	// Close closes both directions. Wake has to follow, and Readable has to return Done then: after CloseReset a Read
	// would not fail. Safe for concurrent use.
	Close(mode CloseMode)
}

// EventHandler is the upper half of a connection: it knows what the bytes mean.
type EventHandler interface {
	// Readable reads from the socket until ErrWouldBlock. Only one goroutine at a time calls it. It may block for as
	// long as the application takes.
	Readable() ReadState
	// Closed is the last call, after Readable returned Done. The socket releases its descriptor afterwards.
	Closed()
	// Writable says that Write may be called again with its rest. It must not block, nor call the socket.
	Writable()
	// WriteWanted asks for a Write, with or without frames, because the socket holds bytes of its own. It must not
	// block, nor call the socket.
	WriteWanted()
	// Wrote says that n bytes were written. Safe for concurrent use.
	Wrote(n int)
}

// ReadState tells the socket the next step after Readable.
type ReadState uint8

const (
	// Idle asks for another call when something has arrived, or after Wake.
	Idle ReadState = iota
	// Partial is Idle with a part of a message at hand, whose rest should come soon.
	Partial
	// Busy asks for another call soon. There is more to read, but other sockets come first.
	Busy
	// AwaitClose asks for another call after Close. Nothing is read any more.
	AwaitClose
	// Done asks for Closed.
	Done
)

// CloseMode says how a socket is closed.
type CloseMode uint8

const (
	// CloseGraceful sends the close_notify of TLS. The kernel still sends what it has.
	CloseGraceful CloseMode = iota
	// CloseHard sends no close_notify. The kernel still sends what it has.
	CloseHard
	// CloseReset makes the kernel drop what it has, because the client does not read.
	CloseReset
)

// ErrWouldBlock means that nothing can be read now.
var ErrWouldBlock = errors.New("nothing to read")

// gather joins the first frames into buf, as many as fit. Copying a few hundred bytes is cheaper than another entry of
// writev.
func gather(buf []byte, frames [][]byte) (chunk []byte, count int) {
	chunk = buf[:0]
	for _, frame := range frames {
		if len(chunk)+len(frame) > cap(chunk) {
			break
		}
		chunk = append(chunk, frame...)
		count++
	}
	return chunk, count
}

// lingerer is a connection that can be reset.
type lingerer interface{ SetLinger(sec int) error }

// Interface guards.
var _ lingerer = (*net.TCPConn)(nil)
