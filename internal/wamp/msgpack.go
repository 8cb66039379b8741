package wamp

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// msgpackFormat is MessagePack with separate types for text and binary. Extension types, the
// timestamp among them, are refused: no other serialization of WAMP has a form for them. There is
// one exception, because a usual packer of JavaScript writes it unasked: its undefined is null.
type msgpackFormat struct{}

func (msgpackFormat) check([]byte) error                    { return nil }
func (msgpackFormat) unique() bool                          { return false }
func (f msgpackFormat) key(b []byte) (token, []byte, error) { return f.next(b) }
func (msgpackFormat) trim(b []byte) []byte                  { return b }
func (msgpackFormat) end(b []byte) ([]byte, bool)           { return b, true } // every length is announced
func (msgpackFormat) writer(dst []byte) writer              { return &msgpackWriter{containers{dst: dst}} }

func (f msgpackFormat) next(b []byte) (token, []byte, error) {
	t, rest, err := f.head(b)
	if err == nil {
		return t, rest, nil
	}
	if errors.Is(err, msgp.ErrShortBytes) {
		err = errShort
	}
	return token{}, nil, err
}

func (msgpackFormat) head(b []byte) (t token, rest []byte, err error) {
	if len(b) == 0 {
		return token{}, nil, errShort
	}
	switch kind := msgp.NextType(b); kind {
	case msgp.NilType:
		rest, err = msgp.ReadNilBytes(b)
	case msgp.BoolType:
		t.kind = kindBool
		if b[0]&1 == 1 { // 0xc2 is false, 0xc3 is true
			t.num = 1
		}
		rest = b[1:]
	case msgp.IntType:
		var v int64
		v, rest, err = msgp.ReadInt64Bytes(b)
		t.kind, t.num = kindInt, uint64(v)
	case msgp.UintType:
		t.num, rest, err = msgp.ReadUint64Bytes(b)
		t.kind = unsignedKind(t.num)
	case msgp.Float32Type, msgp.Float64Type:
		var v float64
		v, rest, err = msgp.ReadFloat64Bytes(b)
		t = number(v)
	case msgp.StrType:
		t.kind = kindText
		t.data, rest, err = msgp.ReadStringZC(b)
		if err == nil && !utf8.Valid(t.data) {
			err = errUTF8
		}
	case msgp.BinType:
		t.kind = kindBinary
		t.data, rest, err = msgp.ReadBytesZC(b)
	case msgp.ArrayType:
		var n uint32
		n, rest, err = msgp.ReadArrayHeaderBytes(b)
		t = container(kindArray, int(n))
	case msgp.MapType:
		var n uint32
		n, rest, err = msgp.ReadMapHeaderBytes(b)
		t = container(kindMap, int(n))
	default:
		if bytes.HasPrefix(b, msgpackUndefined) {
			return token{kind: kindNull}, b[len(msgpackUndefined):], nil
		}
		err = fmt.Errorf("has a MessagePack extension, such as a timestamp, or a byte that begins no value (0x%02x)", b[0])
	}
	return t, rest, err
}

// msgpackUndefined is the extension 0 with the byte 0, which msgpackr makes of undefined.
var msgpackUndefined = []byte{0xd4, 0, 0}

func unsignedKind(v uint64) kind {
	if v > 1<<63-1 {
		return kindUint
	}
	return kindInt
}

type msgpackWriter struct{ containers }

func (w *msgpackWriter) null() {
	w.value()
	w.dst = msgp.AppendNil(w.dst)
}

func (w *msgpackWriter) boolean(v bool) {
	w.value()
	w.dst = msgp.AppendBool(w.dst, v)
}

func (w *msgpackWriter) integer(v int64) {
	w.value()
	if v >= 0 { // AppendInt64 has a longer form for some
		w.dst = msgp.AppendUint64(w.dst, uint64(v))
		return
	}
	w.dst = msgp.AppendInt64(w.dst, v)
}

func (w *msgpackWriter) unsigned(v uint64) {
	w.value()
	w.dst = msgp.AppendUint64(w.dst, v)
}

func (w *msgpackWriter) float(v float64) {
	w.value()
	w.dst = msgp.AppendFloat64(w.dst, v)
}

func (w *msgpackWriter) text(v []byte) {
	w.value()
	w.dst = msgp.AppendStringFromBytes(w.dst, v)
}

func (w *msgpackWriter) str(v string) {
	w.value()
	w.dst = msgp.AppendString(w.dst, validText(v))
}

func (w *msgpackWriter) binary(v []byte) {
	w.value()
	w.dst = msgp.AppendBytes(w.dst, v)
}

func (w *msgpackWriter) key(v []byte)  { w.text(v) }
func (w *msgpackWriter) name(v string) { w.str(v) }
func (w *msgpackWriter) openArray()    { w.enter() }
func (w *msgpackWriter) openMap()      { w.enter() }

func (w *msgpackWriter) closeArray() {
	c := w.leave()
	var head [5]byte
	w.head(c.head, msgp.AppendArrayHeader(head[:0], uint32(c.count)))
}

func (w *msgpackWriter) closeMap() {
	c := w.leave()
	var head [5]byte
	w.head(c.head, msgp.AppendMapHeader(head[:0], uint32(c.count/2)))
}
