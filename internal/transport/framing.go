package transport

import (
	"encoding/binary"

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

// Frame gives the frame: header and message in one piece.
func (f framing) Frame(message []byte) []byte {
	if f.windowBits != 0 && len(message) >= minDeflated {
		// The compressed size is not known yet, so that the header is put right-aligned into the room
		// that the longest one takes.
		room := make([]byte, maxServerHeader, maxServerHeader+len(message))
		if frame, ok := deflate(room, message, f.windowBits); ok {
			length := len(frame) - maxServerHeader
			start := maxServerHeader - headerSize(length)
			putHeader(frame[start:], f.opcode, ws.Rsv(true, false, false), length)
			return frame[start:]
		}
	}
	size := headerSize(len(message))
	frame := make([]byte, size, size+len(message))
	putHeader(frame, f.opcode, 0, len(message))
	return append(frame, message...)
}

// maxServerHeader is the longest header of a frame without a mask.
const maxServerHeader = ws.MaxHeaderSize - 4

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
	return framing{opcode: opcode}.Frame(payload)
}

var pingFrame = controlFrame(ws.OpPing, nil)

// Interface guards.
var _ router.Framing = framing{}
