package wamp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

var errNotMessage = errors.New("is not a list that begins with the code of a message")

// decode decodes one frame of version 2, as keep says. A message whose payload cannot be passed on comes with a
// [PayloadError].
func decode(s Serialization, frame []byte, keep keeping) (Message, error) {
	c := coder{s: s, r: elements{reader: newReader(s, frame)}}
	c.r.keep = keep
	m, failure := c.message()
	switch {
	case failure == nil && c.flaw != nil:
		return m, c.flaw
	case failure == nil:
		return m, nil
	}
	if err := serial.Explain(s, frame); err != nil {
		return nil, violation("the frame", err)
	}
	return nil, failure
}

func (c *coder) message() (Message, *Failure) {
	t, _ := c.r.Next()
	if c.r.Err() != nil {
		return nil, violation("the frame", c.r.Err())
	}
	if t.Kind != serial.KindArray {
		return nil, violation("the frame", errNotMessage)
	}
	c.r.n = t.Length()
	code := c.number("the code of the message")
	if c.failed() {
		return nil, violation("the frame", errNotMessage)
	}
	m, ok := newMessage(code)
	if !ok {
		return nil, Violation("no message has the code %d", code)
	}
	if expected := c.r.keep.expected; expected != nil {
		if _, ok := expected.next(m.Code()); !ok {
			return m, nil // the caller refuses or ignores it, whatever it holds
		}
	}
	c.layout(m)
	if err := c.finish(); err != nil {
		return nil, violation(m.Code().String(), err)
	}
	return m, nil
}

// finish checks that the frame has all elements of its layout, and no others.
func (c *coder) finish() error {
	switch {
	case c.r.Err() != nil:
		return c.r.Err()
	case c.err != nil:
		return c.err
	case c.r.more():
		return fmt.Errorf("has more than %d elements", c.r.read)
	}
	return c.r.Done()
}

// violation returns the [Failure] for an error in a frame or message. The parameter what names the frame or
// message.
func violation(what string, err error) *Failure {
	const maxText = 200 // bytes; the text may quote the frame
	text := err.Error()
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return Violation("%s: %s", what, text)
}

// appendMessage appends one frame of version 2.
func appendMessage(dst []byte, s Serialization, m Message) ([]byte, error) {
	c := coder{s: s, writing: true, w: serial.NewWriter(s, slices.Grow(dst, sizeHint(m)))}
	o := c.w.OpenArray()
	c.w.Uint(uint64(m.Code()))
	if !c.layout(m) {
		return dst, fmt.Errorf("encode a %T: it is not a message of version 2", m)
	}
	c.w.CloseArray(o)
	if c.err != nil {
		return dst, fmt.Errorf("encode %s: %w", m.Code(), c.err)
	}
	return c.w.Bytes(), nil
}
