package frame

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Batched subprotocols put several messages into one WebSocket message (WAMP, "WebSocket Transport"). Clients may send
// several. The server sends batches of one message, because all clients can share those. Only a response of long-poll,
// where the response is the cost, has all messages that wait.
//
//	serialization   a message in a batch
//	JSON            the message, then 0x1E
//	others          its length in 32 bits, big-endian, then the message

// Batching selects the delimiter of the messages of a batch.
type Batching uint8

// The kinds of [Batching].
const (
	Unbatched Batching = iota
	Separated          // by a byte behind each message
	Prefixed           // by a length before each message
)

// separators are the byte that the text of WAMP means and the byte that some clients read there (\30 as decimal and as
// octal). A JSON text has neither.
const (
	separator  = 0x1e
	separators = "\x1e\x18"
	lengthSize = 4
)

// BatchFraming frames a message as a batch of one.
type BatchFraming struct {
	Batching Batching
	Inner    Framer // nil: a batch is not framed further
}

// Frame implements [Framer].
func (f BatchFraming) Frame(dst, message []byte) (framed []byte, fits bool) {
	if f.Inner == nil {
		return f.batch(dst, message), true
	}
	return f.Inner.Frame(dst, f.batch(nil, message))
}

func (f BatchFraming) batch(dst, message []byte) []byte {
	dst = slices.Grow(dst, lengthSize+len(message))
	if f.Batching == Prefixed {
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(message))), message...)
	}
	return append(append(dst, message...), separator)
}

// Split calls take with each message of a batch until take returns an error. A malformed batch, and an empty one, ends
// with an empty message, which no serialization accepts.
func (b Batching) Split(batch []byte, take func(message []byte) error) error {
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

// cut returns the first message of a batch and the rest. The message is empty if the batch is malformed.
func (b Batching) cut(batch []byte) (message, rest []byte) {
	if b == Separated {
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
var _ Framer = BatchFraming{}
