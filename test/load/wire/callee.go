package wire

import (
	"encoding/binary"
	"fmt"
)

// callee is the Meter of a connection that answers INVOCATIONs.
type callee struct {
	serialization Serialization
	arguments     []byte // of each YIELD, serialized
	cut           []byte // a message that is not complete
	yields        []byte // answers that are due
}

// Count implements Meter.
func (c *callee) Count(p []byte) (invocations int, err error) {
	if len(c.cut) > 0 {
		c.cut = append(c.cut, p...)
		p = c.cut
	}
	opens := c.serialization.opens(codeInvocation)
	for {
		text, consumed, err := message(p)
		if err != nil {
			return invocations, err
		}
		if consumed == 0 {
			c.cut = append(c.cut[:0], p...)
			return invocations, nil
		}
		switch {
		case p[0]&0xF == opPing:
			c.yields = appendFrame(c.yields, opPong, text)
		case len(text) >= 4 && binary.BigEndian.Uint32(text)&opens.mask == opens.value:
			c.yield(c.serialization.id(text))
			invocations++
		default:
			return invocations, fmt.Errorf("got %q where an invocation was expected", text[:min(len(text), quoted)])
		}
		p = p[consumed:]
	}
}

func (c *callee) yield(request uint64) {
	message := c.serialization.append(nil, list{uint64(codeYield), request, dict{}, serialized(c.arguments)})
	c.yields = appendFrame(c.yields, c.serialization.opcode, message)
}

// AppendAnswers implements Answerer.
func (c *callee) AppendAnswers(dst []byte) []byte {
	dst = append(dst, c.yields...)
	c.yields = c.yields[:0]
	return dst
}

var (
	_ Meter    = (*callee)(nil)
	_ Answerer = (*callee)(nil)
)
