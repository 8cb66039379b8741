package wamp

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// A coder appends the elements of one message to a frame, or reads them from a frame. The layout methods are
// the same for both directions.
//
// A coder stays on the stack as long as no call goes through an interface or a function value.
type coder struct {
	s       Serialization
	writing bool
	w       serial.Writer
	r       elements
	err     error
	flaw    *PayloadError // in a message that is valid otherwise
}

func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *coder) failed() bool { return c.err != nil || c.r.Err() != nil }

// more reports whether the frame has another element.
func (c *coder) more() bool { return c.err == nil && c.r.more() }

// element reads the head of the next element, and fails if the frame has no other.
func (c *coder) element(name string) (t serial.Token, data []byte, ok bool) {
	if !c.more() {
		c.fail("%s is missing", name)
		return serial.Token{}, nil, false
	}
	c.r.advance()
	t, data = c.r.Next()
	return t, data, c.r.Err() == nil
}

// elementOf reads the head of the next element, and fails if its kind is not want.
func (c *coder) elementOf(want serial.Kind, name string) (serial.Token, []byte) {
	t, data, ok := c.element(name)
	if ok && t.Kind != want {
		c.fail("%s is %s, must be %s", name, t.Kind, want)
	}
	return t, data
}

// number reads an integer from 0. Integers above 32 bits may be floats in MessagePack and CBOR.
func (c *coder) number(name string) uint64 {
	t, _, ok := c.element(name)
	if !ok {
		return 0
	}
	var n int64
	switch {
	case t.Kind == serial.KindInt:
		n = t.Int()
	case t.Kind == serial.KindFloat && c.s != JSON: // JSON writes integers as integers
		n, ok = integerFromFloat(t.Float())
	default:
		ok = false
	}
	if !ok || n < 0 {
		c.fail("%s is %s, must be an integer of 0 to 2^53", name, t.Describe())
		return 0
	}
	return uint64(n)
}

func (c *coder) id(name string, id *ID) {
	if c.writing {
		c.w.Uint(uint64(*id))
		return
	}
	if *id = ID(c.number(name)); !c.failed() && !id.Valid() {
		c.fail("%s is %d, ids are 1 to 2^53", name, *id)
	}
}

// idOrZero reads or writes an id that is 0 in a revocation.
func (c *coder) idOrZero(name string, id *ID) {
	if c.writing {
		c.w.Uint(uint64(*id))
		return
	}
	if *id = ID(c.number(name)); *id > MaxID {
		c.fail("%s is %d, ids are 1 to 2^53", name, *id)
	}
}

// requestType reads or writes the code of the request that an ERROR answers.
func (c *coder) requestType(name string, code *Code) {
	if c.writing {
		c.w.Uint(uint64(*code))
		return
	}
	n := c.number(name)
	switch *code = Code(n & 0xffff); {
	case n != uint64(*code), !code.isRequest():
		c.fail("%s is %d, which is not the code of a request", name, n)
	}
}

func (c *coder) text(name string, s *string) {
	if c.writing {
		c.w.Text(*s)
		return
	}
	t, data := c.elementOf(serial.KindText, name)
	*s = string(t.Unquote(data))
}

func (c *coder) uri(name string, u *URI) {
	if c.writing {
		c.w.Text(string(*u))
		return
	}
	t, data := c.elementOf(serial.KindText, name)
	*u = URI(t.Unquote(data))
}

// requestURI reads or writes the URI of a message that is answered. A text that is not well-formed becomes a URI that
// [URI.Check] refuses, so that only the message fails.
func (c *coder) requestURI(name string, u *URI) {
	c.uri(name, u)
	if c.writing || c.r.Err() == nil || c.err != nil {
		return
	}
	if c.r.SkipMalformedText() {
		*u = malformedURI
	}
}

// errorURI reads or writes the URI of an ERROR. A text that is not well-formed is a flaw of the message.
func (c *coder) errorURI(name string, u *URI) {
	c.requestURI(name, u)
	if !c.writing && *u == malformedURI {
		*u = ErrInvalidURI
		c.addFlaw(&PayloadError{Fail(ErrInvalidURI, "%s is not well-formed text", name)})
	}
}

func (c *coder) dict(name string, d *Dict, known options) {
	if c.writing {
		if err := writeDict(&c.w, *d); err != nil {
			c.fail("%s.%w", name, err)
		}
		return
	}
	t, _, ok := c.element(name)
	if !ok || c.isEmpty(t) {
		return
	}
	if t.Kind != serial.KindMap {
		c.fail("%s is %s, must be %s", name, t.Kind, serial.KindMap)
		return
	}
	var err error
	if *d, err = c.r.options(t.Length(), 2, known); err != nil {
		c.fail("%s.%w", name, err)
	}
}

// isEmpty reports whether the element whose head was read stands for an empty dict, and reads its end. PHP writes an
// empty dict as a list, and some clients write null.
func (c *coder) isEmpty(t serial.Token) bool {
	switch {
	case c.r.keep.strict:
		return false
	case t.Kind == serial.KindNull:
		return true
	default:
		return t.Kind == serial.KindArray && !c.r.More(serial.KindArray, t.Length(), 0) && c.r.Err() == nil
	}
}

// checkRoles requires the roles of a HELLO or a WELCOME. The specification spells the feature call_canceling in two
// ways. checkRoles copies the other spelling to the one that implementations use.
func (c *coder) checkRoles(d Dict) {
	if c.writing || c.failed() {
		return
	}
	all, ok := d.Dict("roles")
	if !ok {
		c.fail("Details.roles is missing")
	}
	for _, name := range roleNames {
		role, _ := all.Dict(name)
		features, _ := role.Dict("features")
		if on, ok := features.Bool("call_cancelling"); ok { //nolint:misspell // one section of the specification spells it so
			other, _ := features.Bool("call_canceling")
			features["call_canceling"] = on || other
		}
	}
}

// optionalDict reads or writes a last element that is absent when it is empty.
func (c *coder) optionalDict(name string, d *Dict, known options) {
	if c.writing && len(*d) == 0 || !c.writing && !c.more() {
		return
	}
	c.dict(name, d, known)
}

// copyParts copies args and kwargs into one allocation.
func copyParts(args, kwargs []byte) (a, k []byte) {
	if args == nil && kwargs == nil {
		return nil, nil
	}
	both := make([]byte, 0, len(args)+len(kwargs))
	both = append(append(both, args...), kwargs...)
	if args != nil {
		a = both[:len(args):len(args)]
	}
	if kwargs != nil {
		k = both[len(args):]
	}
	return a, k
}
