package wamp

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
	case e.kind == kindArray && e.elements > 0:
		return raw, true
	case e.kind == kindArray, c.standsForEmpty(e, kindMap):
		return nil, true
	case opaque && (e.kind == kindText || e.kind == kindBinary):
		return raw, false
	default:
		c.fail("Args is %s, must be a list", e.kind)
		return nil, true
	}
}

func (c *coder) kwargs() []byte {
	raw, e := c.part("kwargs")
	switch {
	case e.kind == kindMap && e.elements > 0:
		return raw
	case e.kind == kindMap, c.standsForEmpty(e, kindArray):
		return nil
	default:
		c.fail("Kwargs is %s, must be a dict", e.kind)
		return nil
	}
}

// standsForEmpty reports whether a value is null, or an empty container of the other kind. Clients in use write both:
// nexus writes null for Args without arguments, PHP and Lua have one form for empty lists and dicts.
func (c *coder) standsForEmpty(e span, other kind) bool {
	return !c.r.keep.strict && (e.kind == kindNull || e.kind == other && e.elements == 0)
}

// part reads Args or Kwargs. What is wrong inside of the part is kept as the flaw of the message.
func (c *coder) part(name string) ([]byte, span) {
	raw, e := c.r.skip(1)
	if c.r.err != nil {
		return c.refusedPart(name)
	}
	if c.s == CBOR && raw[0]&0xe0 == cborTag {
		c.addFlaw(&PayloadError{Fail(ErrInvalidArgument, "%s has a CBOR tag of its own", name)})
	}
	return raw, e
}

// refusedPart reads a part that skip has refused. If the frame is broken, the error of skip stays.
func (c *coder) refusedPart(name string) ([]byte, span) {
	value := c.r.f.trim(c.r.b[c.r.pos:])
	e, err := c.r.f.measure(value)
	if err != nil {
		return nil, span{}
	}
	c.r.err = nil
	c.r.pos = len(c.r.b) - len(value) + e.size
	value = value[:e.size]
	e.elements = 1 // at least: an empty container has no flaw
	if c.s == MessagePack {
		// A timestamp of 6 bytes becomes a text of 25.
		if readable, err := transcode(make([]byte, 0, 5*len(value)), value, MessagePack, MessagePack); err == nil {
			return readable, e
		}
	}
	c.addFlaw(payloadError(name, checkedFormat(c.s), value, 1))
	return nil, e
}

func (c *coder) addFlaw(flaw *PayloadError) {
	if c.flaw == nil {
		c.flaw = flaw
	}
}

// checkedFormat returns the format whose errors are the flaws of a payload that arrives.
func checkedFormat(s Serialization) format {
	if s == CBOR {
		return cborTagged{}
	}
	return formats[s]
}
