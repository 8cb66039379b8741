package wamp

import "strings"

// containers keeps the heads of the arrays and maps that a binary writer has open. A head states
// the number of elements, which the writer knows only at the end: it leaves one byte, enough for
// small ones, and makes room for more when it closes a large one.
type containers struct {
	dst   []byte
	open  []openContainer
	first [8]openContainer // open's first memory: few frames nest deeper
}

type openContainer struct {
	head  int // where its head stands in dst
	count int // values so far, keys included
}

func (c *containers) bytes() []byte { return c.dst }

// value counts one more value of the innermost container.
func (c *containers) value() {
	if n := len(c.open); n > 0 {
		c.open[n-1].count++
	}
}

func (c *containers) enter() {
	c.value()
	if c.open == nil {
		c.open = c.first[:0]
	}
	c.open = append(c.open, openContainer{head: len(c.dst)})
	c.dst = append(c.dst, 0)
}

func (c *containers) leave() openContainer {
	last := c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	return last
}

// head puts the container's head in its place.
func (c *containers) head(at int, head []byte) {
	if grow := len(head) - 1; grow > 0 {
		end := len(c.dst)
		c.dst = append(c.dst, head[:grow]...)
		copy(c.dst[at+len(head):], c.dst[at+1:end])
	}
	copy(c.dst[at:], head)
}

func (c *containers) raw(v []byte) {
	c.value()
	c.dst = append(c.dst, v...)
}

// validText replaces what is not UTF-8, as JSON writers do: one bad byte in a header or a message
// would make the client refuse the whole frame.
func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
