package router

import (
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Format tells how messages become bytes for a client. Clients of equal formats share bytes.
type Format struct {
	Encoding wamp.Encoding
	Framing  Framing // nil: the message as it is
}

// Framing adds what the transport puts around a message, such as a WebSocket header and compression. Its values must be
// comparable.
type Framing interface {
	// Frame appends the frame to dst. It must not keep message. It appends nothing and reports false for a message that
	// is too long for the client.
	Frame(dst, message []byte) (framed []byte, fits bool)
}

// format is an interned Format. Two are equal if their pointers are.
type format struct{ Format }

func (f *format) frame(dst, message []byte) (framed []byte, fits bool) {
	if f.Framing == nil {
		return append(dst, message...), true
	}
	return f.Framing.Frame(dst, message)
}

// formats interns. There are few: one for each encoding and kind of framing. Safe for concurrent use.
type formats struct {
	mu    sync.Mutex // guards known
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
