package wamp

import (
	"bytes"
	"fmt"
)

// Serialization is how values become bytes.
type Serialization uint8

// The serializations that Tidings speaks (WAMP, "Serializers").
const (
	JSON Serialization = iota
	MessagePack
	CBOR
	UBJSON
	serializations
)

// Serializations is how many there are: each is less.
const Serializations = int(serializations)

// Payload is the application's part of a message, as the bytes that it arrived as.
//
// Args is one encoded array and Kwargs one encoded map, both in Serialization. nil means absent.
// The bytes are shared between receivers and never change.
//
// An opaque payload, which only the clients can read, is one encoded string or binary in Args and
// no Kwargs; [Dict.Passthru] of its message then has enc_algo.
type Payload struct {
	Serialization Serialization
	Args          []byte
	Kwargs        []byte
}

// Clone gives a payload with bytes of its own, for who keeps it: as it arrived it is a part of a frame.
func (p Payload) Clone() Payload {
	p.Args, p.Kwargs = bytes.Clone(p.Args), bytes.Clone(p.Kwargs)
	return p
}

// Empty reports whether the payload has nothing.
func (p Payload) Empty() bool { return p.Args == nil && p.Kwargs == nil }

// In gives the payload in a serialization: itself, or a copy that means the same, at any depth.
//
//   - Integers from -2^63 to 2^64-1 are kept exactly. Larger ones become floats.
//   - Floats stay floats: 1.0 does not become 1. JSON has no form for NaN and the infinities, they
//     become null.
//   - A binary is the string of U+0000 and its base64 in JSON, and such a string becomes a binary.
//     A JSON string with anything else behind U+0000 stays a string.
//   - Lengths that CBOR did not announce are announced.
//
// The payload has to come from a message that was decoded or from a constructor of this package;
// any other may give an error, or values that are not what was meant.
func (p Payload) In(s Serialization) (Payload, error) {
	if s == p.Serialization || p.Empty() {
		p.Serialization = s
		return p, nil
	}
	out := Payload{Serialization: s}
	buf, err := transcode(make([]byte, 0, len(p.Args)+len(p.Kwargs)+16), p.Args, p.Serialization, s)
	if err != nil {
		return Payload{}, fmt.Errorf("transcode args from %s to %s: %w", p.Serialization, s, err)
	}
	end := len(buf)
	if buf, err = transcode(buf, p.Kwargs, p.Serialization, s); err != nil {
		return Payload{}, fmt.Errorf("transcode kwargs from %s to %s: %w", p.Serialization, s, err)
	}
	if p.Args != nil {
		out.Args = buf[:end:end]
	}
	if p.Kwargs != nil {
		out.Kwargs = buf[end:len(buf):len(buf)]
	}
	return out, nil
}

// transcode appends one value, or nothing.
func transcode(dst, value []byte, from, to Serialization) ([]byte, error) {
	if value == nil {
		return dst, nil
	}
	w := newWriter(to, dst)
	if err := copyValue(&w, value, from); err != nil {
		return nil, err
	}
	return w.dst, nil
}

// write appends the payload as the last elements of a message.
func (p Payload) write(w *writer, s Serialization) error {
	if p.Args == nil && p.Kwargs != nil {
		w.closeArray(w.openArray())
	}
	for _, part := range [...][]byte{p.Args, p.Kwargs} {
		if part == nil {
			continue
		}
		if p.Serialization == s {
			w.raw(part)
			continue
		}
		if err := copyValue(w, part, p.Serialization); err != nil {
			return fmt.Errorf("transcode from %s to %s: %w", p.Serialization, s, err)
		}
	}
	return nil
}
