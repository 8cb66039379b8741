package journal

import (
	"encoding/binary"
	"time"
)

// coder writes values behind each other, or reads them in the same order: one function describes a layout for both.
// Reading never fails in between; failed tells at the end.
type coder struct {
	b       []byte // what was written, or what is left to read
	reading bool
	failed  bool
}

func (c *coder) fail() {
	c.failed, c.b = true, nil
}

func (c *coder) uint(v *uint64) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	n, size := binary.Uvarint(c.b)
	if size <= 0 {
		c.fail()
		return
	}
	*v, c.b = n, c.b[size:]
}

// number codes an integer, best one that is not negative.
func number[T ~int | ~int64 | ~uint64 | ~uint8](c *coder, v *T) {
	n := uint64(*v)
	c.uint(&n)
	*v = T(n)
}

func (c *coder) bool(v *bool) {
	n := uint64(0)
	if *v {
		n = 1
	}
	c.uint(&n)
	*v = n != 0
}

// bytes codes a byte string. What is read is a part of the record.
func (c *coder) bytes(v *[]byte) {
	n := len(*v)
	number(c, &n)
	switch {
	case !c.reading:
		c.b = append(c.b, *v...)
	case n < 0 || n > len(c.b):
		c.fail()
	default:
		*v, c.b = c.b[:n:n], c.b[n:]
	}
}

func text[T ~string](c *coder, v *T) {
	b := []byte(*v)
	c.bytes(&b)
	if c.reading {
		*v = T(b)
	}
}

// time codes a time in milliseconds.
func (c *coder) time(v *time.Time) {
	n := v.UnixMilli()
	n = n<<1 ^ n>>63 // a negative one is short, too
	number(c, &n)
	if c.reading {
		*v = time.UnixMilli(int64(uint64(n)>>1) ^ -(n & 1))
	}
}

// list codes a list. Nil and empty differ.
func list[T any](c *coder, v *[]T, each func(*T)) {
	n := 0
	if *v != nil {
		n = len(*v) + 1
	}
	number(c, &n)
	if c.reading {
		*v = nil
		if n < 0 || n-1 > len(c.b) { // each takes a byte at least
			c.fail()
			return
		}
		if n > 0 {
			*v = make([]T, n-1)
		}
	}
	for i := range *v {
		each(&(*v)[i])
	}
}
