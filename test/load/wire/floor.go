package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Floor is the protocol of peers/floor: only WebSocket frames. A topic is a number in the path. A publication is a
// binary frame with that number and the payload. An event is a text frame with the form and the length of an EVENT of
// WAMP.
type Floor struct{}

// Script implements Dialect.
func (Floor) Script(c Client) []Step {
	if c.Role == Publisher {
		return []Step{upgrade(c, "/publish", "", "")}
	}
	return []Step{upgrade(c, fmt.Sprintf("/subscribe?topic=%d", number(c.Topics[0])), "", "")}
}

// number returns the number at the end of a topic's name, or 0.
func number(topic string) uint32 {
	n, _ := strconv.ParseUint(topic[strings.LastIndexByte(topic, '.')+1:], 10, 32) // 0 without a number
	return uint32(n)
}

// AppendPublish implements Dialect.
func (Floor) AppendPublish(dst []byte, topic string, value []byte) []byte {
	return appendFrame(dst, opBinary, append(binary.BigEndian.AppendUint32(nil, number(topic)), value...))
}

// Meter implements Dialect.
func (Floor) Meter() Meter { return &frames{opening: opensJSON(codeEvent)} }

var _ Dialect = Floor{}
