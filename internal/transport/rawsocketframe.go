package transport

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/router"
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

// rawSocketCodec is RawSocket. It has no close frame: the end of the connection says it.
type rawSocketCodec struct{}

func (rawSocketCodec) get(rules frameRules) frameReader {
	r := rawReaders.Get().(*rawSocketReader)
	r.rules = rules
	return r
}

func (rawSocketCodec) control(opcode ws.OpCode, payload []byte) []byte {
	switch opcode {
	case ws.OpPing:
		return putRaw(nil, rawPing, payload)
	case ws.OpPong:
		return putRaw(nil, rawPong, payload)
	}
	return nil
}

// maxPongs: each ping has to be answered, and a ping may be as large as a message.
func (rawSocketCodec) maxPongs(rules frameRules) (int, pongsOver) {
	return 2 * rules.maxMessage, noPong
}

func putRaw(dst []byte, kind uint32, payload []byte) []byte {
	head := kind<<24 | uint32(len(payload))
	if len(payload) == rawLargest {
		head = kind<<24 | rawLengthBit
	}
	dst = slices.Grow(dst, rawHeader+len(payload))
	return append(binary.BigEndian.AppendUint32(dst, head), payload...)
}

// rawFraming makes RawSocket frames of messages. limit is what the client said it takes: the router
// makes one frame for all clients that take as much.
type rawFraming struct{ limit int }

// Frame appends nothing for a message that is longer than the client takes.
func (f rawFraming) Frame(dst, message []byte) (framed []byte, fits bool) {
	if len(message) > f.limit {
		return dst, false
	}
	return putRaw(dst, rawMessage, message), true
}

// rawSocketReader reads RawSocket frames.
type rawSocketReader struct {
	rules frameRules
	inBuffer

	inFrame bool // the header is taken over, the payload is not complete
	opcode  ws.OpCode
	length  int
	message []byte // what is there of a payload that does not fit into the buffer
}

var rawReaders = sync.Pool{New: func() any { return new(rawSocketReader) }}

func (r *rawSocketReader) put() { rawReaders.Put(r) }

func (r *rawSocketReader) idle() bool { return r.start == r.end && !r.inFrame }

func (r *rawSocketReader) next() (incoming, bool, *violation) {
	if !r.inFrame {
		r.message = emptied(r.message)
		if ok, wrong := r.header(); wrong != nil || !ok {
			return incoming{}, false, wrong
		}
	}
	chunk := r.buf[r.start:min(r.end, r.start+r.length-len(r.message))]
	r.start += len(chunk)
	if len(chunk) == r.length { // complete in the buffer: it stays there
		r.inFrame = false
		return incoming{r.opcode, chunk}, true, nil
	}
	r.collect(chunk)
	if len(r.message) < r.length {
		r.compact()
		return incoming{}, false, nil
	}
	r.inFrame = false
	return incoming{r.opcode, r.message}, true, nil
}

// header takes over the header of the next frame, if it is there, and checks it before any of its
// payload is read.
func (r *rawSocketReader) header() (bool, *violation) {
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
	if length > r.rules.maxMessage {
		return false, tooBig(r.rules.maxMessage)
	}
	r.start += rawHeader
	r.length, r.inFrame = length, true
	return true, nil
}

// collect keeps a part of a payload. Room is made for what the frame announces, but never for more
// than has arrived already.
func (r *rawSocketReader) collect(chunk []byte) {
	if need := len(r.message) + len(chunk); need > cap(r.message) {
		r.message = slices.Grow(r.message, len(chunk)+min(r.length-need, need))
	}
	r.message = append(r.message, chunk...)
}

// Interface guards.
var (
	_ codec          = rawSocketCodec{}
	_ frameReader    = (*rawSocketReader)(nil)
	_ router.Framing = rawFraming{}
)
