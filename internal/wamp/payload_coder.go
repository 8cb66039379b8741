package wamp

import "github.com/tidings-io/tidings/internal/wamp/serial"

// payload reads or writes Args and Kwargs, the last elements of a frame, which are absent when they are
// empty. d is the dict whose enc_algo marks an opaque payload.
func (c *coder) payload(p *Payload, d Dict) {
	if c.writing {
		if err := p.write(&c.w, c.s); err != nil {
			c.fail("payload: %w", err)
		}
		return
	}
	p.Serialization = c.s
	if !c.more() {
		return
	}
	c.r.advance()
	opaque := d["enc_algo"] != nil
	args, isList := c.args(opaque)
	var kwargs []byte
	if isList && c.more() { // an opaque payload includes its keyword arguments
		c.r.advance()
		kwargs = c.kwargs()
	}
	if c.failed() || c.flaw != nil {
		return
	}
	p.Args, p.Kwargs = copyParts(args, kwargs)
}

// args reads the list of arguments, and returns nil if the list is empty. An opaque payload has one string or
// binary in place of the list.
func (c *coder) args(opaque bool) (raw []byte, isList bool) {
	raw, e := c.part("args")
	switch {
	case e.Kind == serial.KindArray && e.Elements > 0:
		return raw, true
	case e.Kind == serial.KindArray, c.standsForEmpty(e, serial.KindMap):
		return nil, true
	case opaque && (e.Kind == serial.KindText || e.Kind == serial.KindBinary):
		return raw, false
	default:
		c.fail("Args is %s, must be a list", e.Kind)
		return nil, true
	}
}

func (c *coder) kwargs() []byte {
	raw, e := c.part("kwargs")
	switch {
	case e.Kind == serial.KindMap && e.Elements > 0:
		return raw
	case e.Kind == serial.KindMap, c.standsForEmpty(e, serial.KindArray):
		return nil
	default:
		c.fail("Kwargs is %s, must be a dict", e.Kind)
		return nil
	}
}

// standsForEmpty reports whether a value is null, or an empty container of the other kind. Clients in use write both:
// nexus writes null for Args without arguments, PHP and Lua have one form for empty lists and dicts.
func (c *coder) standsForEmpty(e serial.Span, other serial.Kind) bool {
	return !c.r.keep.strict && (e.Kind == serial.KindNull || e.Kind == other && e.Elements == 0)
}

// part reads Args or Kwargs. What is wrong inside of the part is kept as the flaw of the message.
func (c *coder) part(name string) ([]byte, serial.Span) {
	raw, e := c.r.Skip(1)
	if c.r.Err() != nil {
		return c.refusedPart(name)
	}
	if serial.HasTag(c.s, raw) {
		c.addFlaw(&PayloadError{Fail(ErrInvalidArgument, "%s has a CBOR tag of its own", name)})
	}
	return raw, e
}

// refusedPart reads a part that skip has refused. If the frame is broken, the error of skip stays.
func (c *coder) refusedPart(name string) ([]byte, serial.Span) {
	value, e, ok := c.r.SkipRefused()
	if !ok {
		return nil, serial.Span{}
	}
	e.Elements = 1 // at least: an empty container has no flaw
	if c.s == MessagePack {
		// A timestamp of 6 bytes becomes a text of 25.
		if readable, err := serial.Transcode(make([]byte, 0, 5*len(value)), value, MessagePack, MessagePack); err == nil {
			return readable, e
		}
	}
	c.addFlaw(payloadError(name, c.s, value, 1))
	return nil, e
}

func (c *coder) addFlaw(flaw *PayloadError) {
	if c.flaw == nil {
		c.flaw = flaw
	}
}
