package outbox

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

// Frame appends the frame of a message to dst, as [Framing] does.
func (f *Format) Frame(dst, message []byte) (framed []byte, fits bool) {
	if f.Framing == nil {
		return append(dst, message...), true
	}
	return f.Framing.Frame(dst, message)
}

// Formats makes one pointer of equal formats. There are few: one for each encoding and kind of framing. Safe for
// concurrent use.
type Formats struct {
	mu    sync.Mutex // guards known
	known map[Format]*Format
}

// Intern returns the pointer of a format: two formats are equal if their pointers are.
func (f *Formats) Intern(wanted Format) *Format {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.known[wanted]; known != nil {
		return known
	}
	if f.known == nil {
		f.known = make(map[Format]*Format)
	}
	made := new(Format)
	*made = wanted
	f.known[wanted] = made
	return made
}
