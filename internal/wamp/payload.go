package wamp

import (
	"bytes"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// Payload is the application's part of a message, as the bytes that arrived.
//
// Args is one encoded array and Kwargs one encoded map, both in Serialization; nil means absent.
// Receivers share the bytes, which must not be changed.
//
// An opaque payload, which only clients can read, is one encoded string or binary in Args, without Kwargs.
// [Dict.Passthru] of its message then has enc_algo.
type Payload struct {
	Serialization Serialization
	Args          []byte
	Kwargs        []byte
}

// TextPayload returns a payload of one string. If that cannot be expressed, the payload is empty, and the URI of the
// message must say enough.
func TextPayload(message string, s Serialization) Payload {
	if message == "" {
		return Payload{}
	}
	payload, err := NewPayload([]any{message}, nil)
	if err != nil {
		return Payload{}
	}
	if payload, err = payload.In(s); err != nil {
		return Payload{}
	}
	return payload
}

// Clone returns a payload with its own copy of the bytes, for callers that keep the payload.
func (p Payload) Clone() Payload {
	p.Args, p.Kwargs = bytes.Clone(p.Args), bytes.Clone(p.Kwargs)
	return p
}

// Empty reports whether the payload has neither Args nor Kwargs.
func (p Payload) Empty() bool { return p.Args == nil && p.Kwargs == nil }

var partNames = [...]string{"args", "kwargs"}

// In returns the payload in a serialization: p itself, or a transcoded copy.
//
//   - Integers from -2^63 to 2^64-1 are kept exactly. Larger ones become floats.
//   - Floats stay floats: 1.0 does not become 1. JSON has no form for NaN and the infinities, which
//     become null.
//   - A binary becomes a JSON string of U+0000 and base64, and such a string becomes a binary. A JSON
//     string with other text after U+0000 stays a string.
//   - Indefinite lengths of CBOR become definite, and its tags text or numbers (serial/cbor_tag.go). A tag without
//     such a form is an error, which says where it stands.
//
// The payload must come from a decoded message or from a constructor of this package. Other payloads may
// yield an error or wrong values.
func (p Payload) In(s Serialization) (Payload, error) {
	if s == p.Serialization || p.Empty() {
		p.Serialization = s
		return p, nil
	}
	out := Payload{Serialization: s}
	buf, err := serial.Transcode(make([]byte, 0, len(p.Args)+len(p.Kwargs)+16), p.Args, p.Serialization, s)
	if err != nil {
		return Payload{}, p.inexpressible(partNames[0], p.Args, s)
	}
	end := len(buf)
	if buf, err = serial.Transcode(buf, p.Kwargs, p.Serialization, s); err != nil {
		return Payload{}, p.inexpressible(partNames[1], p.Kwargs, s)
	}
	if p.Args != nil {
		out.Args = buf[:end:end]
	}
	if p.Kwargs != nil {
		out.Kwargs = buf[end:len(buf):len(buf)]
	}
	return out, nil
}

// inexpressible returns the error for a part that could not be transcoded.
func (p Payload) inexpressible(name string, part []byte, to Serialization) error {
	flaw := serial.TranscodeFlaw(name, p.Serialization, part)
	return fmt.Errorf("transcode from %s to %s: %s", p.Serialization, to, flaw)
}

// write appends the payload to w as the last elements of a message.
func (p Payload) write(w *serial.Writer, s Serialization) error {
	if p.Args == nil && p.Kwargs != nil {
		w.CloseArray(w.OpenArray())
	}
	for i, part := range [...][]byte{p.Args, p.Kwargs} {
		if part == nil {
			continue
		}
		if p.Serialization == s {
			w.Raw(part)
			continue
		}
		if err := w.Copy(part, p.Serialization); err != nil {
			return p.inexpressible(partNames[i], part, s)
		}
	}
	return nil
}
