package wamp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A coder carries one message over its layout: with a writer it appends the elements to a frame,
// without one it reads them from it. The layouts do not know which.
type coder struct {
	s    Serialization
	w    writer
	r    reader
	n    int // elements that the frame announces; -1 if it does not say
	read int // elements read so far
	err  error
}

func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// more reports whether the frame has another element.
func (c *coder) more() bool {
	if c.err != nil || !c.r.more(c.n, c.read) {
		c.n = c.read // the end of an array that did not announce its length is consumed now
		return false
	}
	return true
}

// element reads the head of the next element, which must be there.
func (c *coder) element(name string, want kind) token {
	if !c.more() {
		c.fail("%s is missing", name)
		return token{}
	}
	c.read++
	t := c.r.next()
	if c.r.err == nil && t.kind != want {
		c.fail("%s is %s, must be %s", name, t.kind, want)
	}
	return t
}

// number reads an integer. Integers beyond 32 bits may be floats in MessagePack and CBOR, see asInt.
func (c *coder) number(name string) uint64 {
	if !c.more() {
		c.fail("%s is missing", name)
		return 0
	}
	c.read++
	t := c.r.next()
	if c.r.err != nil {
		return 0
	}
	n, ok := asInt(c.integer(t))
	if !ok || n < 0 {
		c.fail("%s is %s, must be an integer of 0 to 2^53", name, t.describe())
		return 0
	}
	return uint64(n)
}

func (c *coder) integer(t token) any {
	switch {
	case t.kind == kindInt:
		return int64(t.num)
	case t.kind == kindFloat && c.s != JSON: // whose numbers say what they are
		return t.float()
	default:
		return nil
	}
}

// describe tells what was found, for the message.
func (t token) describe() string {
	switch t.kind {
	case kindInt:
		return strconv.FormatInt(int64(t.num), 10)
	case kindUint:
		return strconv.FormatUint(t.num, 10)
	default:
		return t.kind.String()
	}
}

func (c *coder) id(name string, id *ID) {
	if c.w != nil {
		c.w.unsigned(uint64(*id))
		return
	}
	if *id = ID(c.number(name)); c.err == nil && c.r.err == nil && !id.Valid() {
		c.fail("%s is %d, ids are 1 to 2^53", name, *id)
	}
}

// idOrZero is an id that is 0 where the router revokes something.
func (c *coder) idOrZero(name string, id *ID) {
	if c.w != nil {
		c.w.unsigned(uint64(*id))
		return
	}
	if *id = ID(c.number(name)); *id > MaxID {
		c.fail("%s is %d, ids are 1 to 2^53", name, *id)
	}
}

// requestType is the code of the request that an ERROR answers.
func (c *coder) requestType(name string, code *Code) {
	if c.w != nil {
		c.w.unsigned(uint64(*code))
		return
	}
	n := c.number(name)
	switch *code = Code(n & 0xffff); {
	case n != uint64(*code), !code.isRequest():
		c.fail("%s is %d, which is not the code of a request", name, n)
	}
}

func (c *coder) text(name string, s *string) {
	if c.w != nil {
		c.w.str(*s)
		return
	}
	*s = string(c.element(name, kindText).plain())
}

func (c *coder) uri(name string, u *URI) {
	if c.w != nil {
		c.w.str(string(*u))
		return
	}
	*u = URI(c.element(name, kindText).plain())
}

func (c *coder) dict(name string, d *Dict, known options) {
	if c.w != nil {
		if err := writeDict(c.w, *d); err != nil {
			c.fail("%s.%w", name, err)
		}
		return
	}
	t := c.element(name, kindMap)
	if c.err != nil || c.r.err != nil {
		return
	}
	*d = c.r.dict(t.length(), 2, known)
	if err := known.check(*d); err != nil {
		c.fail("%s.%w", name, err)
	}
}

// announced checks the roles of a HELLO or a WELCOME, which must be there, and gives the feature
// that the specification spells in two ways the name that everybody uses.
func (c *coder) announced(d Dict) {
	if c.w != nil || c.err != nil || c.r.err != nil {
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

// optionalDict is a last element that is left out when it is empty.
func (c *coder) optionalDict(name string, d *Dict, known options) {
	if c.w != nil && len(*d) == 0 || c.w == nil && !c.more() {
		return
	}
	c.dict(name, d, known)
}

// payload is Args and Kwargs, which end a frame and are left out when they are empty. d is the
// dict that says whether the payload is opaque.
func (c *coder) payload(p *Payload, d Dict) {
	if c.w != nil {
		if err := p.write(c.w, c.s); err != nil {
			c.fail("payload: %w", err)
		}
		return
	}
	p.Serialization = c.s
	if !c.more() {
		return
	}
	c.read++
	_, opaque := d["enc_algo"]
	args, isList := c.args(opaque)
	var kwargs []byte
	if isList && c.more() { // an opaque payload holds its own
		c.read++
		kwargs = c.kwargs()
	}
	if c.err != nil || c.r.err != nil {
		return
	}
	p.Args, p.Kwargs = own(c.readable(args), c.readable(kwargs))
}

// readable takes out of a value what strict readers of the same serialization do not read. They
// would get the bytes as they came, and autobahn ends its program over one such extension.
func (c *coder) readable(value []byte) []byte {
	if c.s != MessagePack || !bytes.Contains(value, msgpackUndefined) { // the same bytes in a text do no harm
		return value
	}
	rewritten, err := transcode(nil, value, MessagePack, MessagePack)
	if err != nil {
		c.fail("payload: %w", err)
	}
	return rewritten
}

// args reads the list, or nothing if it is empty. In the place of the list an opaque payload is
// one string or binary.
func (c *coder) args(opaque bool) (raw []byte, isList bool) {
	raw, n, kind := c.rawValue()
	switch {
	case kind == kindArray && n == 0:
		return nil, true
	case kind == kindArray:
		return raw, true
	case opaque && (kind == kindText || kind == kindBinary):
		return raw, false
	default:
		c.fail("Args is %s, must be a list", kind)
		return nil, true
	}
}

func (c *coder) kwargs() []byte {
	raw, n, kind := c.rawValue()
	switch {
	case kind != kindMap:
		c.fail("Kwargs is %s, must be a dict", kind)
		return nil
	case n == 0:
		return nil
	default:
		return raw
	}
}

// rawValue checks the next element whatever it is.
func (c *coder) rawValue() ([]byte, int, kind) {
	r := c.r // on the stack, where a long walk is quicker
	r.rest = r.f.trim(r.rest)
	t, _, err := r.f.next(r.rest)
	if err != nil {
		r.fail(err)
	}
	raw, n := r.skip(1, nil)
	c.r = r
	return raw, n, t.kind
}

// own copies both parts into one piece of memory, which belongs to the message.
func own(args, kwargs []byte) (a, k []byte) {
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

var errNotMessage = errors.New("is not a list that begins with the code of a message")

// decode reads one frame of version 2.
func decode(s Serialization, frame []byte) (Message, error) {
	f := formats[s]
	if err := f.check(frame); err != nil {
		return nil, violation("the frame", err)
	}
	c := coder{s: s, r: reader{f: f, rest: frame}}
	t := c.r.next()
	if c.r.err != nil {
		return nil, violation("the frame", c.r.err)
	}
	if t.kind != kindArray {
		return nil, violation("the frame", errNotMessage)
	}
	c.n = t.length()
	code := c.number("the code of the message")
	if c.r.err != nil || c.err != nil {
		return nil, violation("the frame", errNotMessage)
	}
	m, ok := newMessage(code)
	if !ok {
		return nil, Violation("no message has the code %d", code)
	}
	m.layout(&c)
	if err := c.finish(); err != nil {
		return nil, violation(m.Code().String(), err)
	}
	return m, nil
}

// finish checks that a frame holds what its layout asks for, and nothing else.
func (c *coder) finish() error {
	switch {
	case c.r.err != nil:
		return c.r.err
	case c.err != nil:
		return c.err
	case c.more():
		return fmt.Errorf("has more than %d elements", c.read)
	case c.r.err != nil:
		return c.r.err
	case len(c.r.f.trim(c.r.rest)) > 0:
		return errTrailing
	}
	return nil
}

// violation names the frame or the message and, if it was an element, what was wrong with it.
func violation(what string, err error) *Failure {
	const enough = 200 // bytes of explanation: it may quote the frame
	text := err.Error()
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "..."
	}
	return Violation("%s: %s", what, text)
}

// appendMessage writes one frame of version 2.
func appendMessage(dst []byte, s Serialization, m Message) ([]byte, error) {
	f := formats[s]
	known, ok := m.(laidOut)
	if !ok {
		return dst, fmt.Errorf("encode a %T: it is not a message of version 2", m)
	}
	c := coder{s: s, w: f.writer(dst)}
	c.w.openArray()
	c.w.unsigned(uint64(m.Code()))
	known.layout(&c)
	c.w.closeArray()
	if c.err != nil {
		return dst, fmt.Errorf("encode %s: %w", m.Code(), c.err)
	}
	return c.w.bytes(), nil
}
