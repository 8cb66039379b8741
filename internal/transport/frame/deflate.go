package frame

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// syncTail is the four bytes that a sender cuts off a compressed message (RFC 7692, 7.2.1), and an empty final block
// that makes the decompressor see an end.
const syncTail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// inflateBuffer is the size of one step of decompression.
const inflateBuffer = 4 << 10

// inflater decompresses one message after another. It is about 45 KB large, so it is pooled: without context takeover
// no message needs the previous one.
type inflater struct {
	reader inflateReader
	source compressed
	out    [inflateBuffer]byte
}

type inflateReader interface {
	io.Reader
	flate.Resetter
}

var inflaters = sync.Pool{New: func() any {
	i := new(inflater)
	i.reader = flate.NewReader(&i.source).(inflateReader) // as its documentation promises
	return i
}}

// inflate appends the decompressed message to dst. It refuses more than limit bytes, because a few compressed bytes can
// stand for any amount. The buffer that it returns can be used again after a violation, too.
func inflate(dst, message []byte, limit int) ([]byte, *Violation) {
	if len(message) == 0 {
		return dst, nil // RFC 7692 has another form for an empty message, but zlib makes this one
	}
	i := inflaters.Get().(*inflater)
	defer inflaters.Put(i)
	defer i.source.reset(nil)
	i.source.reset(message)
	if err := i.reader.Reset(&i.source, nil); err != nil {
		return nil, badData("a compressed message cannot be decompressed")
	}
	for {
		n, err := i.reader.Read(i.out[:])
		if n > limit-len(dst) {
			return dst, TooBig(limit)
		}
		if cap(dst)-len(dst) < n {
			dst = slices.Grow(dst, room(n, len(dst), limit))
		}
		dst = append(dst, i.out[:n]...)
		switch {
		case errors.Is(err, io.EOF) && i.source.exhausted():
			return dst, nil
		case err != nil:
			return dst, badData("a compressed message cannot be decompressed")
		}
	}
}

// room returns how many bytes to make room for, if n are to be appended to length. A message that does not end in the
// first step is likely to be several steps long. Then the room is doubled, because append would copy more often.
func room(n, length, limit int) int {
	if n < inflateBuffer {
		return n
	}
	return max(n, min(max(length, 4*inflateBuffer), limit-length))
}

// compressed reads a compressed message and then syncTail, without copying the two together.
type compressed struct {
	message []byte
	tail    string
}

func (c *compressed) reset(message []byte) { c.message, c.tail = message, syncTail }

// exhausted reports whether the message was read to its end. A sender whose last block is final adds one zero byte
// (RFC 7692, 7.2.3.4).
func (c *compressed) exhausted() bool {
	return len(c.message) == 0 || len(c.message) == 1 && c.message[0] == 0
}

// ReadByte implements [io.ByteReader].
func (c *compressed) ReadByte() (byte, error) {
	var b byte
	switch {
	case len(c.message) > 0:
		b, c.message = c.message[0], c.message[1:]
	case len(c.tail) > 0:
		b, c.tail = c.tail[0], c.tail[1:]
	default:
		return 0, io.EOF
	}
	return b, nil
}

// Read implements [io.Reader].
func (c *compressed) Read(p []byte) (int, error) {
	n := copy(p, c.message)
	c.message = c.message[n:]
	if n == 0 {
		n = copy(p, c.tail)
		c.tail = c.tail[n:]
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Sizes of the LZ77 window, as the exponents of two that the handshake uses.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// deflater compresses one message after another.
type deflater struct {
	writer *flate.Writer
	out    bytes.Buffer
}

// deflaters holds one pool for each window size.
var deflaters [maxWindowBits + 1]sync.Pool

func newDeflater(windowBits uint8) (*deflater, error) {
	d := new(deflater)
	var err error
	if windowBits == maxWindowBits {
		d.writer, err = flate.NewWriter(&d.out, flate.BestSpeed)
	} else {
		d.writer, err = flate.NewWriterWindow(&d.out, 1<<windowBits)
	}
	return d, err
}

// compress calls use with the compressed message if that is smaller than the message. The window has 1<<windowBits
// bytes. The slice is valid until use returns.
func compress(message []byte, windowBits uint8, use func(small []byte)) (worthIt bool) {
	pool := &deflaters[windowBits]
	d, ok := pool.Get().(*deflater)
	if !ok {
		var err error
		if d, err = newDeflater(windowBits); err != nil {
			return false // the handshake has checked the size
		}
	}
	defer pool.Put(d)
	d.out.Reset()
	d.writer.Reset(&d.out)
	if _, err := d.writer.Write(message); err != nil {
		return false // a bytes.Buffer takes everything
	}
	if err := d.writer.Flush(); err != nil {
		return false
	}
	small := bytes.TrimSuffix(d.out.Bytes(), []byte(syncTail[:4]))
	if len(small) >= len(message) {
		return false
	}
	use(small)
	return true
}

// Interface guards.
var (
	_ io.ByteReader = (*compressed)(nil)
	_ io.Reader     = (*compressed)(nil)
)
