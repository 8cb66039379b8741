package router

import (
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Format is how a client's bytes look: encoding times framing. Clients of equal formats share bytes.
type Format struct {
	Encoding wamp.Encoding
	Framing  Framing // nil: the message as it is
}

// Framing adds what the transport puts around a message, such as a WebSocket header and compression.
// Values are comparable. Frame appends to dst and keeps nothing of message. It appends nothing and
// reports false for a message that is too long for the client.
type Framing interface {
	Frame(dst, message []byte) (framed []byte, fits bool)
}

// format is a Format that is interned, so that comparing two is comparing pointers.
type format struct{ Format }

func (f *format) frame(dst, message []byte) (framed []byte, fits bool) {
	if f.Framing == nil {
		return append(dst, message...), true
	}
	return f.Framing.Frame(dst, message)
}

// formats interns. There are a handful: encodings times kinds of framing.
type formats struct {
	mu    sync.Mutex
	known map[Format]*format
}

func (f *formats) intern(wanted Format) *format {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.known[wanted]; known != nil {
		return known
	}
	if f.known == nil {
		f.known = make(map[Format]*format)
	}
	made := &format{wanted}
	f.known[wanted] = made
	return made
}
