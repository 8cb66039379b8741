package transport

import "github.com/gobwas/ws"

// codec is how frames lie on a connection: those of RFC 6455, or those of RawSocket. Everything else
// about a connection is the same for both: who reads, who writes, what ends it.
type codec interface {
	// get gives a reader from a pool.
	get(rules frameRules) frameReader
	// control makes a control frame; nil if the wire has none of that kind.
	control(opcode ws.OpCode, payload []byte) []byte
	// maxPongs is what may wait in answers to pings, and what happens to who asks for more.
	maxPongs(rules frameRules) (bytes int, then pongsOver)
}

// pongsOver says what becomes of answers to pings that are not written yet and have become too many.
type pongsOver uint8

const (
	latestPong pongsOver = iota // only the latest is sent
	noPong                      // the client does not read: it is dropped as slow
)

// frameReader turns the bytes of one client into messages and control frames. It is filled by whoever has
// bytes and does no I/O.
type frameReader interface {
	// space is where the next bytes go. It is never empty after next has asked for more.
	space() []byte
	// filled says how many bytes were put into space.
	filled(n int)
	// next gives what is complete. It reports false when it needs more bytes.
	next() (incoming, bool, *violation)
	// idle reports whether nothing is partial.
	idle() bool
	// put returns the reader to its pool. It must only be called at rest.
	put()
	// skip forgets what was read.
	skip()
}

// incoming is a complete message or a control frame.
type incoming struct {
	opcode  ws.OpCode
	payload []byte // valid until next is called again
}

// readBuffer is what is read at once: as many publications as go out together, if they are small. It is
// borrowed from a pool while a frame is incomplete.
const readBuffer = 16 << 10

// keptBuffer is how large a buffer may be to be kept for the next message.
const keptBuffer = 64 << 10

// inBuffer holds what was read and not looked at yet: buf[start:end].
type inBuffer struct {
	buf        [readBuffer]byte
	start, end int
}

func (b *inBuffer) space() []byte { return b.buf[b.end:] }

func (b *inBuffer) filled(n int) { b.end += n }

func (b *inBuffer) skip() { b.start, b.end = 0, 0 }

// compact makes room behind what is not looked at yet.
func (b *inBuffer) compact() {
	b.end = copy(b.buf[:], b.buf[b.start:b.end])
	b.start = 0
}

// emptied is a buffer for reuse, unless it has become so large that it is better forgotten.
func emptied(buffer []byte) []byte {
	if cap(buffer) > keptBuffer {
		return nil
	}
	return buffer[:0]
}

// webSocketCodec is RFC 6455.
type webSocketCodec struct{}

func (webSocketCodec) get(rules frameRules) frameReader { return getWebSocketReader(rules) }

func (webSocketCodec) control(opcode ws.OpCode, payload []byte) []byte {
	return controlFrame(opcode, payload)
}

// maxPongs: a client that sends a flood of pings is answered the latest only, as it may be (RFC 6455, 5.5.3).
func (webSocketCodec) maxPongs(frameRules) (int, pongsOver) { return 1 << 10, latestPong }

// Interface guards.
var (
	_ codec       = webSocketCodec{}
	_ frameReader = (*webSocketReader)(nil)
)
