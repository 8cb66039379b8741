package frame

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// RawSocket frames (WAMP, "RawSocket Transport"): a header of 32 bits, big-endian, and the payload.
//
//	RRRR XTTT LLLLLLLL LLLLLLLL LLLLLLLL    R: reserved   T: 0 message, 1 PING, 2 PONG   L: length
//	                                        X: the length's bit 25, for exactly 2^24 bytes
const (
	rawHeader    = 4
	rawMessage   = 0
	rawPing      = 1
	rawPong      = 2
	rawLargest   = 1 << 24
	rawLengthBit = 1 << 27
)

// RawSocket is the codec of WAMP's RawSocket transport. It has no close frame: the end of the connection is the close.
type RawSocket struct{}

// NewReader implements [Codec].
func (RawSocket) NewReader(rules Rules) Reader {
	r := rawReaders.Get().(*rawSocketReader)
	r.rules = rules
	return r
}

// Control implements [Codec].
func (RawSocket) Control(opcode Opcode, payload []byte) []byte {
	if opcode == ws.OpPing {
		return putRaw(nil, rawPing, payload)
	}
	if opcode == ws.OpPong {
		return putRaw(nil, rawPong, payload)
	}
	return nil
}

// MaxPongs implements [Codec]. Each ping has to be answered, and a ping may be as large as a message.
func (RawSocket) MaxPongs(rules Rules) (int, PongOverflow) {
	return 2 * rules.MaxMessage, DropClient
}

func putRaw(dst []byte, kind uint32, payload []byte) []byte {
	head := kind<<24 | uint32(len(payload))
	if len(payload) == rawLargest {
		head = kind<<24 | rawLengthBit
	}
	dst = slices.Grow(dst, rawHeader+len(payload))
	return append(binary.BigEndian.AppendUint32(dst, head), payload...)
}

// RawSocketFraming makes RawSocket frames of messages. Limit is the longest message that the client accepts. The router
// makes one frame for all clients with the same limit.
type RawSocketFraming struct{ Limit int }

// Frame implements [Framer]. It appends nothing for a message that is longer than Limit.
func (f RawSocketFraming) Frame(dst, message []byte) (framed []byte, fits bool) {
	if len(message) > f.Limit {
		return dst, false
	}
	return putRaw(dst, rawMessage, message), true
}

// rawSocketReader reads RawSocket frames.
type rawSocketReader struct {
	rules Rules
	inBuffer

	inFrame bool // the header is consumed, the payload is not complete
	opcode  Opcode
	length  int
	message []byte // the part that has arrived of a payload that does not fit into the buffer
}

var rawReaders = sync.Pool{New: func() any { return new(rawSocketReader) }}

// Put implements [Reader].
func (r *rawSocketReader) Put() { rawReaders.Put(r) }

// SetMaxMessage implements [Reader].
func (r *rawSocketReader) SetMaxMessage(limit int) { r.rules.MaxMessage = limit }

// Skip implements [Reader].
func (r *rawSocketReader) Skip() {
	r.skip()
	r.inFrame, r.message = false, emptied(r.message)
}

// Idle implements [Reader].
func (r *rawSocketReader) Idle() bool { return r.start == r.end && !r.inFrame }

// Next implements [Reader].
func (r *rawSocketReader) Next() (Incoming, bool, *Violation) {
	if !r.inFrame {
		r.message = emptied(r.message)
		if ok, wrong := r.header(); wrong != nil || !ok {
			return Incoming{}, false, wrong
		}
	}
	chunk := r.buf[r.start:min(r.end, r.start+r.length-len(r.message))]
	r.start += len(chunk)
	if len(chunk) == r.length { // complete in the buffer: returned without a copy
		r.inFrame = false
		return Incoming{Opcode: r.opcode, Payload: chunk}, true, nil
	}
	r.collect(chunk)
	if len(r.message) < r.length {
		r.compact()
		return Incoming{}, false, nil
	}
	r.inFrame = false
	return Incoming{Opcode: r.opcode, Payload: r.message}, true, nil
}

// header consumes the header of the next frame and checks it before any of the payload is read. It returns false if
// the header is incomplete.
func (r *rawSocketReader) header() (bool, *Violation) {
	if r.end-r.start < rawHeader {
		r.compact()
		return false, nil
	}
	head := binary.BigEndian.Uint32(r.buf[r.start:])
	length := int(head & (rawLargest - 1))
	if head&rawLengthBit != 0 {
		if length != 0 {
			return false, badFrame("a frame announces more than 2^24 bytes")
		}
		length = rawLargest
	}
	switch kind := head >> 24 &^ (rawLengthBit >> 24); kind {
	case rawMessage:
		r.opcode = ws.OpBinary
	case rawPing:
		r.opcode = ws.OpPing
	case rawPong:
		r.opcode = ws.OpPong
	default:
		return false, badFrame("a frame has reserved bits or a reserved type")
	}
	if length > r.rules.MaxMessage {
		return false, TooBig(r.rules.MaxMessage)
	}
	r.start += rawHeader
	r.length, r.inFrame = length, true
	return true, nil
}

// collect appends a part of a payload. It makes room for the length that the frame announces, but never for more
// than has arrived already.
func (r *rawSocketReader) collect(chunk []byte) {
	if need := len(r.message) + len(chunk); need > cap(r.message) {
		r.message = slices.Grow(r.message, len(chunk)+min(r.length-need, need))
	}
	r.message = append(r.message, chunk...)
}

// Interface guards.
var (
	_ Codec  = RawSocket{}
	_ Reader = (*rawSocketReader)(nil)
	_ Framer = RawSocketFraming{}
)
