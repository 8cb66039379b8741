package transport

import "errors"

// A link moves the bytes of one connection. There are two kinds:
//
//	polled   works on the descriptor and never waits; at rest it is a number that epoll knows. Linux.
//	parked   has a goroutine that waits in Read. It works on any net.Conn, on any system.
//
// Everything above is the same for both: a connection asks for what there is, and is asked again when
// there may be more.
type socket interface {
	// writeFirst writes the first bytes, in the goroutine of the handshake. It reports false if the rest
	// will be written later, by who has the turn until then.
	writeFirst(first []byte) (done bool, err error)
	// start lets the connection's advance be called when there is something to read.
	start()
	// read reads what is there. errNothing means: nothing is, and advance will be called again.
	read(p []byte) (int, error)
	// wake has advance called, whether or not there is something to read.
	wake()
	// send writes what it can without waiting. It reports false if something is left: then it puts
	// the connection on its shard's list when there is a point in going on. Only a shard calls it.
	send(out output) (done bool, err error)
	// closeWrite ends our direction only.
	closeWrite()
	// close ends both, once. It may be called by anybody.
	close(how closeMode)
	// blockedSince is since when the client has not taken what it was sent, in Server.now; 0: it has, or
	// send watches that itself.
	blockedSince() int64
	// release is the last call, by the reader: it gives back what the link holds of the system's.
	release()
}

// errWouldBlock means that there is nothing to be read now.
var errWouldBlock = errors.New("nothing to read")

// closeMode says how a link is closed.
type closeMode uint8

const (
	closeGraceful closeMode = iota // with TLS's goodbye; what the kernel has taken is still sent
	closeHard                      // without: nothing is heard from the client any more
	closeReset                     // what the kernel has taken is dropped as well: the client does not take it
)
