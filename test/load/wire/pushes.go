package wire

import (
	"bytes"
	"fmt"
)

// pushes is the Meter for Centrifuge. Its frames hold one or several messages: pushes, which are the events, answers
// to commands, and pings.
type pushes struct {
	pieces pieces

	head    [10]byte // of a frame whose header is not complete
	have    int
	current header
	rest    int    // bytes of the current frame that are still missing
	control []byte // the payload of a close frame
	pongs   int    // pongs that the client must send
}

// pieces splits frames into messages.
type pieces interface {
	// next consumes the bytes of the current message and returns the rest of p.
	next(p []byte) (left []byte, seen kind)
	// end is called at the end of a frame.
	end() kind
	// prefix returns the beginning of the latest message.
	prefix() []byte
	// pong returns a pong as a whole frame.
	pong() []byte
}

// kind is the kind of a message.
type kind uint8

const (
	seenPart kind = iota // of an incomplete message
	seenPush
	seenPing
	seenAnswer
	seenRefusal // of a command
	seenStrange
)

// Count implements Meter.
func (m *pushes) Count(p []byte) (events int, err error) {
	for len(p) > 0 {
		if m.rest == 0 {
			if p, err = m.header(p); err != nil {
				return events, err
			}
			continue
		}
		n := min(m.rest, len(p))
		m.rest -= n
		more, err := m.payload(p[:n])
		if events += more; err != nil {
			return events, err
		}
		p = p[n:]
	}
	return events, nil
}

// header collects a frame header and returns the rest of p.
func (m *pushes) header(p []byte) (left []byte, err error) {
	for i, b := range p {
		m.head[m.have] = b
		m.have++
		if h := parseHeader(m.head[:m.have]); h.size > 0 {
			m.have, m.current, m.rest = 0, h, h.length
			return p[i+1:], m.check(h)
		}
	}
	return nil, nil
}

func (m *pushes) check(h header) error {
	switch {
	case h.first&(finalBit|compressedBit) != finalBit:
		return fmt.Errorf("frame %#x: in fragments or compressed, which was not agreed upon", h.first)
	case h.first&0xF == opClose && h.length == 0:
		return closed(nil)
	}
	return nil
}

func (m *pushes) payload(p []byte) (events int, err error) {
	if m.current.first&0x8 != 0 {
		return 0, m.closing(p)
	}
	for len(p) > 0 {
		var seen kind
		p, seen = m.pieces.next(p)
		n, err := m.see(seen)
		if events += n; err != nil {
			return events, err
		}
	}
	if m.rest > 0 {
		return events, nil
	}
	n, err := m.see(m.pieces.end())
	return events + n, err
}

// closing collects the payload of a close frame. The library pings with messages instead of frames.
func (m *pushes) closing(p []byte) error {
	if m.current.first&0xF != opClose {
		return nil
	}
	if m.control = append(m.control, p...); m.rest > 0 {
		return nil
	}
	return closed(m.control)
}

func (m *pushes) see(k kind) (events int, err error) {
	switch k {
	case seenPush:
		return 1, nil
	case seenPing:
		m.pongs++
	case seenRefusal:
		return 0, fmt.Errorf("the server refused a publication: %q", m.pieces.prefix())
	case seenStrange:
		return 0, fmt.Errorf("got %q where an event was expected", m.pieces.prefix())
	case seenPart, seenAnswer:
	}
	return 0, nil
}

// AppendAnswers implements Answerer.
func (m *pushes) AppendAnswers(dst []byte) []byte {
	for ; m.pongs > 0; m.pongs-- {
		dst = append(dst, m.pieces.pong()...)
	}
	return dst
}

// prefixBuffer keeps the beginning of a message: enough to tell its kind, and the error.
type prefixBuffer struct {
	text [32]byte
	size int
}

func (o *prefixBuffer) add(p []byte) { o.size += copy(o.text[o.size:], p) }

func (o *prefixBuffer) prefix() []byte { return o.text[:o.size] }

// lines splits messages in JSON.
type lines struct {
	prefixBuffer
	complete bool // the next byte begins another message
}

func (l *lines) next(p []byte) (left []byte, seen kind) {
	if l.complete {
		l.complete, l.size = false, 0
	}
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		l.add(p)
		return nil, seenPart
	}
	l.add(p[:end])
	return p[end+1:], l.end()
}

func (l *lines) end() kind {
	l.complete = true
	switch text := l.prefix(); {
	case bytes.HasPrefix(text, []byte(`{"push":`)):
		return seenPush
	case string(text) == "{}":
		return seenPing
	case bytes.HasPrefix(text, []byte(`{"id":1,"error":`)):
		return seenRefusal
	case bytes.HasPrefix(text, []byte(`{"id":`)):
		return seenAnswer
	}
	return seenStrange
}

func (*lines) pong() []byte { return appendFrame(nil, opText, []byte("{}")) }

// delimited splits messages in Protocol Buffers, each of which follows its length.
type delimited struct {
	prefixBuffer
	length uint64 // as far as it was received
	shift  int
	rest   uint64 // bytes of the message that are still missing
}

func (d *delimited) next(p []byte) (left []byte, seen kind) {
	if d.rest == 0 {
		d.length |= uint64(p[0]&0x7F) << d.shift
		d.shift += 7
		if p[0] >= 0x80 {
			return p[1:], seenPart
		}
		d.rest, d.length, d.shift, d.size = d.length, 0, 0, 0
		if d.rest == 0 {
			return p[1:], seenPing
		}
		return p[1:], seenPart
	}
	n := min(d.rest, uint64(len(p)))
	d.add(p[:n])
	if d.rest -= n; d.rest > 0 {
		return nil, seenPart
	}
	return p[n:], d.kind()
}

func (d *delimited) kind() kind {
	switch text := d.prefix(); {
	case text[0] == tagPush:
		return seenPush
	case text[0] == tagID && len(text) > 2 && text[1] == publishID && text[2] == tagError:
		return seenRefusal
	case text[0] == tagID:
		return seenAnswer
	}
	return seenStrange
}

// end does nothing: messages end by their length.
func (*delimited) end() kind { return seenPart }

func (*delimited) pong() []byte { return appendFrame(nil, opBinary, []byte{0}) }

var (
	_ Meter    = (*pushes)(nil)
	_ Answerer = (*pushes)(nil)
)
