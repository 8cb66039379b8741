package frame

import (
	"encoding/binary"
	"slices"

	"github.com/gobwas/ws"
)

// Framer makes a frame of a message. It appends the frame to dst, and returns false if the peer does not accept a
// message of that length.
type Framer interface {
	Frame(dst, message []byte) (framed []byte, fits bool)
}

// minDeflated is the smallest message that is compressed: below it compression saves less than a packet and is not
// worth its time.
const minDeflated = 256

// WebSocketFraming makes one unfragmented frame of a message. It is comparable, so that the router makes a frame once
// for all clients with equal framings. Compression is done once, too.
type WebSocketFraming struct {
	Opcode     Opcode
	WindowBits uint8 // of the compression; 0: none
}

// Frame implements [Framer]. Header and message are one piece without spare capacity, because a frame may wait in many
// outboxes.
func (f WebSocketFraming) Frame(dst, message []byte) (framed []byte, fits bool) {
	if f.WindowBits != 0 && len(message) >= minDeflated {
		worthIt := compress(message, f.WindowBits, func(small []byte) {
			framed = f.put(dst, ws.Rsv(true, false, false), small)
		})
		if worthIt {
			return framed, true
		}
	}
	return f.put(dst, 0, message), true
}

func (f WebSocketFraming) put(dst []byte, rsv byte, payload []byte) []byte {
	size, start := headerSize(len(payload)), len(dst)
	if dst == nil {
		dst = make([]byte, 0, size+len(payload))
	}
	dst = slices.Grow(dst, size+len(payload))[:start+size]
	putHeader(dst[start:], f.Opcode, rsv, len(payload))
	return append(dst, payload...)
}

func headerSize(length int) int { return ws.HeaderSize(ws.Header{Length: int64(length)}) }

// putHeader writes the header of a final frame, which is headerSize(length) long.
func putHeader(dst []byte, opcode Opcode, rsv byte, length int) {
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

// control returns a control frame. The payload must have at most 125 bytes.
func control(opcode Opcode, payload []byte) []byte {
	return WebSocketFraming{Opcode: opcode}.put(nil, 0, payload)
}

// Interface guards.
var _ Framer = WebSocketFraming{}
