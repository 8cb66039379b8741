package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Floor is the protocol of peers/floor, which is no more than the frames of WebSocket: a topic is a number
// in the path, a publication a binary frame with that number and the payload, and an event a text frame
// that looks, and is as long, as an EVENT of WAMP.
type Floor struct{}

// Script implements Dialect.
func (Floor) Script(c Client) []Step {
	if c.Role == Publisher {
		return []Step{upgrade(c, "/publish", "", "")}
	}
	return []Step{upgrade(c, fmt.Sprintf("/subscribe?topic=%d", number(c.Topics[0])), "", "")}
}

// number is what ends the name of a topic, 0 for those without one.
func number(topic string) uint32 {
	n, _ := strconv.ParseUint(topic[strings.LastIndexByte(topic, '.')+1:], 10, 32) // without one it is 0
	return uint32(n)
}

// AppendPublish implements Dialect.
func (Floor) AppendPublish(dst []byte, topic string, value []byte) []byte {
	return appendFrame(dst, opBinary, append(binary.BigEndian.AppendUint32(nil, number(topic)), value...))
}

// Meter implements Dialect.
func (Floor) Meter() Meter { return &frames{opening: opensJSON(codeEvent)} }

var _ Dialect = Floor{}
