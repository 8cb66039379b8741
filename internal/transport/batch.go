package transport

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
)

// Batched subprotocols put several messages into one WebSocket message (WAMP, "WebSocket Transport").
// Clients may; what we send is a batch of one, because that is what all clients can share. Over HTTP,
// where a response is what costs, a batch has all that waits.
//
//	serialization   a message in a batch
//	JSON            the message, then 0x1E
//	others          its length in 32 bits, big-endian, then the message

// batchedSuffix ends the names of these subprotocols.
const batchedSuffix = ".batched"

// jsonBatched is chosen only by clients that take nothing else: the text of WAMP writes its separator
// in a way that some clients read as another one, and those know others of our subprotocols.
const jsonBatched = "wamp.2.json" + batchedSuffix

// batching is how the messages of a batch are told apart.
type batching uint8

const (
	unbatched batching = iota
	separated
	prefixed
)

func batchingOf(protocol Protocol) batching {
	switch {
	case !strings.HasSuffix(protocol.Name, batchedSuffix):
		return unbatched
	case protocol.Frames == TextFrames:
		return separated
	}
	return prefixed
}

// separators are the byte that the text of WAMP means and the one that it was taken for (\30 in
// decimal, and in octal). Neither stands in a JSON text.
const (
	separator  = 0x1e
	separators = "\x1e\x18"
	lengthSize = 4
)

// batchFraming frames a message as a batch of one.
type batchFraming struct {
	batching batching
	inner    router.Framing // nil: a batch is not framed further
}

// Frame implements [router.Framing].
func (f batchFraming) Frame(dst, message []byte) (framed []byte, fits bool) {
	if f.inner == nil {
		return f.batch(dst, message), true
	}
	return f.inner.Frame(dst, f.batch(nil, message))
}

func (f batchFraming) batch(dst, message []byte) []byte {
	dst = slices.Grow(dst, lengthSize+len(message))
	if f.batching == prefixed {
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(message))), message...)
	}
	return append(append(dst, message...), separator)
}

// split gives each message of a batch to take until that reports an error. What is no batch, or an
// empty one, ends with a message of no bytes, which nobody takes for one.
func (b batching) split(batch []byte, take func(message []byte) error) error {
	for first := true; first || len(batch) > 0; first = false {
		var message []byte
		if message, batch = b.cut(batch); len(message) == 0 {
			return take(nil)
		}
		if err := take(message); err != nil {
			return err
		}
	}
	return nil
}

// cut gives the first message of a batch; none, if it is malformed.
func (b batching) cut(batch []byte) (message, rest []byte) {
	if b == separated {
		end := bytes.IndexAny(batch, separators)
		if end < 0 {
			return nil, nil
		}
		return batch[:end], batch[end+1:]
	}
	if len(batch) < lengthSize {
		return nil, nil
	}
	length, rest := binary.BigEndian.Uint32(batch), batch[lengthSize:]
	if uint64(length) > uint64(len(rest)) {
		return nil, nil
	}
	return rest[:length], rest[length:]
}

// Interface guards.
var _ router.Framing = batchFraming{}
