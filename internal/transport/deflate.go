package transport

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// syncTail is what the sender of a compressed message leaves out (RFC 7692, 7.2.1), followed by a
// final empty block, so that the decompressor sees a proper end.
const syncTail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// inflateBuffer is what is decompressed at once.
const inflateBuffer = 4 << 10

// inflater decompresses one message after another. It is about 45 KB large, so it is shared: without
// context takeover no message needs the one before.
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

// inflate appends the message decompressed, up to limit bytes: a few bytes can stand for any amount.
func inflate(dst, message []byte, limit int) ([]byte, *violation) {
	if len(message) == 0 {
		return dst, nil // not what RFC 7692 writes for nothing, but what zlib makes of it
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
			return nil, tooBig(limit)
		}
		dst = append(dst, i.out[:n]...)
		switch {
		case errors.Is(err, io.EOF) && i.source.exhausted():
			return dst, nil
		case err != nil:
			return nil, badData("a compressed message cannot be decompressed")
		}
	}
}

// compressed reads a compressed message and then syncTail, without copying the two together.
type compressed struct {
	message []byte
	tail    string
}

func (c *compressed) reset(message []byte) { c.message, c.tail = message, syncTail }

// exhausted reports whether the message was read to its end. A sender that ended with a final block
// of its own adds one zero byte (RFC 7692, 7.2.3.4).
func (c *compressed) exhausted() bool {
	return len(c.message) == 0 || len(c.message) == 1 && c.message[0] == 0
}

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

// Sizes of the window of LZ77, as the power of two that the handshake speaks of.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// deflater compresses one message after another.
type deflater struct {
	writer *flate.Writer
	out    bytes.Buffer
}

// deflaters holds a pool for each window size that a client may have asked for.
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

// compress gives message compressed with a window of 1<<windowBits bytes to use, if that makes it
// smaller. What use is given is valid until it returns.
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
