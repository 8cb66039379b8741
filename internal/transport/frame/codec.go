package frame

import "github.com/gobwas/ws"

// Opcode is the kind of a frame, as RFC 6455 numbers them. RawSocket frames are mapped to the same numbers.
type Opcode = ws.OpCode

// The opcodes that a [Reader] returns.
const (
	OpText   Opcode = ws.OpText
	OpBinary Opcode = ws.OpBinary
	OpClose  Opcode = ws.OpClose
	OpPing   Opcode = ws.OpPing
	OpPong   Opcode = ws.OpPong
)

// Types is a set of WebSocket data frame types.
type Types uint8

// The frame types that a protocol may use. A frame of another type closes with 1003.
const (
	Text Types = 1 << iota
	Binary
)

// Rules hold the result of the handshake.
type Rules struct {
	MaxMessage int // over all fragments, and after decompression
	Types      Types
	Compressed bool // permessage-deflate, without context takeover
}

// Codec is one of the two kinds of frames: [WebSocket] or [RawSocket].
type Codec interface {
	// NewReader returns a reader from a pool.
	NewReader(rules Rules) Reader
	// Control returns a control frame, or nil if the codec has none of that kind.
	Control(opcode Opcode, payload []byte) []byte
	// MaxPongs returns how many bytes of answers to pings may wait to be written, and what follows if more are due.
	MaxPongs(rules Rules) (bytes int, then PongOverflow)
}

// PongOverflow says what happens when too many answers to pings wait to be written.
type PongOverflow uint8

const (
	// SendLatestPong drops all but the latest.
	SendLatestPong PongOverflow = iota
	// DropClient closes the connection: the client sends pings and does not read.
	DropClient
)

// Reader turns the bytes of one client into messages and control frames. It does no I/O: its owner fills it.
type Reader interface {
	// Space returns the room for the next bytes. It is never empty after Next has asked for more.
	Space() []byte
	// Filled adds the first n bytes of Space to what was read.
	Filled(n int)
	// SetMaxMessage changes the limit of the rules for the messages that follow.
	SetMaxMessage(limit int)
	// Next returns the next message or control frame. It returns false if more bytes are needed.
	Next() (Incoming, bool, *Violation)
	// Idle reports whether no frame and no message is partial.
	Idle() bool
	// Put returns the reader to its pool. The reader must be idle.
	Put()
	// Skip discards the bytes that were read, and what is partial.
	Skip()
}

// Incoming is a complete message or a control frame.
type Incoming struct {
	Opcode  Opcode
	Payload []byte // valid until Next is called again
	// Fragments counts the small fragments that were read since Next was called before, without the first one of a
	// message. It is set also if no message is complete.
	Fragments int
}

// smallFragment is the length below which a fragment counts in Incoming.Fragments. Reading an empty fragment costs what
// a short message costs. Larger fragments cost what their bytes cost.
const smallFragment = 1 << 10

// readBuffer is the size of one read: as many publications as are sent together, if they are small. A buffer is
// taken from a pool while a frame is incomplete.
const readBuffer = 16 << 10

// keptBuffer is the largest buffer that is kept for the next message.
const keptBuffer = 64 << 10

// inBuffer holds the bytes that were read and not yet decoded: buf[start:end].
type inBuffer struct {
	buf        [readBuffer]byte
	start, end int
}

// Space implements [Reader].
func (b *inBuffer) Space() []byte { return b.buf[b.end:] }

// Filled implements [Reader].
func (b *inBuffer) Filled(n int) { b.end += n }

func (b *inBuffer) skip() { b.start, b.end = 0, 0 }

// compact moves the bytes that are not yet decoded to the beginning, which makes room behind them.
func (b *inBuffer) compact() {
	b.end = copy(b.buf[:], b.buf[b.start:b.end])
	b.start = 0
}

// emptied returns buffer for reuse, or nil if it has grown too large to be kept.
func emptied(buffer []byte) []byte {
	if cap(buffer) > keptBuffer {
		return nil
	}
	return buffer[:0]
}
