package serial

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// errExtension refuses an extension type: no other serialization of WAMP has a form for it. Two are understood: the
// timestamp, which JavaScript's packers write for a Date, and the undefined of msgpackr. Receivers get text and null in
// their place, in MessagePack too: Autobahn exits when it reads an extension.
var errExtension = errors.New("has a MessagePack extension")

const (
	msgpackTimestamp = -1 // in the format's own range of types

	msgpackExt8   = 0xc7 // and 16, 32
	msgpackExt32  = 0xc9
	msgpackFix1   = 0xd4 // and 2, 4, 8, 16 bytes
	msgpackFix16  = 0xd8
	msgpackUnused = 0xc1
)

// msgpackUndefined is the extension 0 with the byte 0, as msgpackr writes undefined.
var msgpackUndefined = []byte{0xd4, 0, 0}

func isMsgpackExtension(c byte) bool {
	return c >= msgpackExt8 && c <= msgpackExt32 || c >= msgpackFix1 && c <= msgpackFix16
}

// msgpackPlain is MessagePack without extensions. A payload that it accepts is passed on as it is.
type msgpackPlain struct{ msgpackFormat }

func (msgpackPlain) next(b []byte) (Token, []byte, int, error) { return nextMsgpack(b) }
func (msgpackPlain) key(b []byte) (Token, []byte, int, error)  { return nextMsgpack(b) }

// msgpackExtensionData returns the type and the data of the extension at the beginning of b, and where it ends.
func msgpackExtensionData(b []byte) (number int8, data []byte, end int, err error) {
	head, length := 1, 0
	if c := b[0]; c <= msgpackExt32 {
		head += 1 << (c - msgpackExt8)
		if len(b) < head {
			return 0, nil, 0, errShort
		}
		length = int(bigEndian(b[1:head]))
	} else {
		length = 1 << (c - msgpackFix1)
	}
	if length >= len(b)-head { // the type takes one byte
		return 0, nil, 0, errShort
	}
	end = head + 1 + length
	return int8(b[head]), b[head+1 : end], end, nil
}

// nextMsgpackExtension reads an extension as the value that stands for it in every serialization.
func nextMsgpackExtension(b []byte) (Token, []byte, int, error) {
	if bytes.HasPrefix(b, msgpackUndefined) {
		return Token{Kind: KindNull}, nil, len(msgpackUndefined), nil
	}
	number, data, end, err := msgpackExtensionData(b)
	if err != nil {
		return Token{}, nil, 0, err
	}
	if number != msgpackTimestamp {
		return Token{}, nil, 0, fmt.Errorf("%w of type %d, for which other serializations have no form", errExtension, number)
	}
	text, err := msgpackTime(data)
	return Token{Kind: KindText}, text, end, err
}

// msgpackTime returns a timestamp as text. It has 32 bits of seconds, 30 bits of nanoseconds and 34 of seconds, or 32
// bits of nanoseconds and 64 of seconds.
func msgpackTime(data []byte) ([]byte, error) {
	var seconds int64
	var nanoseconds uint32
	switch len(data) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(data))
	case 8:
		both := binary.BigEndian.Uint64(data)
		seconds, nanoseconds = int64(both&(1<<34-1)), uint32(both>>34)
	case 12:
		nanoseconds, seconds = binary.BigEndian.Uint32(data), int64(binary.BigEndian.Uint64(data[4:]))
	default:
		return nil, errTime
	}
	return timeText(seconds, int64(nanoseconds))
}
