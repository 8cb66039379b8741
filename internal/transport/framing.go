package transport

import (
	"encoding/binary"
	"slices"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/router"
)

// minDeflated is the smallest message that is compressed: below it the saving is less than a packet
// and the time is not worth it.
const minDeflated = 256

// framing makes one unfragmented frame of a message. It is comparable, so that the router makes the
// frame once for all clients with an equal one; compression, too, is done once.
type framing struct {
	opcode     ws.OpCode
	windowBits uint8 // of the compression; 0: none
}

// Frame appends the frame: header and message in one piece, no larger than need be, for it may wait in
// many outboxes.
func (f framing) Frame(dst, message []byte) (framed []byte, fits bool) {
	if f.windowBits != 0 && len(message) >= minDeflated {
		worthIt := compress(message, f.windowBits, func(small []byte) {
			framed = f.put(dst, ws.Rsv(true, false, false), small)
		})
		if worthIt {
			return framed, true
		}
	}
	return f.put(dst, 0, message), true
}

func (f framing) put(dst []byte, rsv byte, payload []byte) []byte {
	size, start := headerSize(len(payload)), len(dst)
	if dst == nil {
		dst = make([]byte, 0, size+len(payload))
	}
	dst = slices.Grow(dst, size+len(payload))[:start+size]
	putHeader(dst[start:], f.opcode, rsv, len(payload))
	return append(dst, payload...)
}

func headerSize(length int) int { return ws.HeaderSize(ws.Header{Length: int64(length)}) }

// putHeader writes the header of a final frame, which is headerSize(length) long.
func putHeader(dst []byte, opcode ws.OpCode, rsv byte, length int) {
	dst[0] = 0x80 | rsv<<4 | byte(opcode)
	switch headerSize(length) {
	case 2:
		dst[1] = byte(length)
	case 4:
		dst[1] = 126
		binary.BigEndian.PutUint16(dst[2:], uint16(length))
	default:
		dst[1] = 127
		binary.BigEndian.PutUint64(dst[2:], uint64(length))
	}
}

// controlFrame gives a control frame, whose payload is 125 bytes at most.
func controlFrame(opcode ws.OpCode, payload []byte) []byte {
	return framing{opcode: opcode}.put(nil, 0, payload)
}

// Interface guards.
var _ router.Framing = framing{}
