package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	centrifugePath = "/connection/websocket"
	// publishID is the id of every publish command: answers need not be told apart. With an id of one digit, an error
	// has a fixed place in the answer.
	publishID = 1
)

// CentrifugeJSON is the bidirectional protocol of github.com/centrifugal/protocol in JSON, over
// WebSocket. Subscriptions match exactly.
//
// The server pings after 12 to 25 seconds, and then every 25 seconds, with an empty reply. It disconnects a client
// that does not answer with an empty command within 10 seconds, so the Meter is an Answerer.
type CentrifugeJSON struct{}

// Script implements Dialect.
func (CentrifugeJSON) Script(c Client) []Step {
	_, token := WithTicket(c)
	steps := []Step{upgrade(c, centrifugePath, "", ""), jsonCommand(1, "connect", `"token":"`+token+`"`)}
	if c.Role == Subscriber {
		for i, topic := range c.Topics {
			steps = append(steps, jsonCommand(i+2, "subscribe", `"channel":"`+topic+`"`))
		}
	}
	return steps
}

// jsonCommand sends a command and waits for its result.
func jsonCommand(id int, name, field string) Step {
	opening := fmt.Appendf(nil, `{"id":%d,%q:{`, id, name)
	return Step{
		Send: appendFrame(nil, opText, fmt.Appendf(nil, `%s%s}}`, opening, field)),
		Answered: onlyReply(opening, func(frame []byte) []byte {
			if bytes.IndexByte(frame, '\n') >= 0 {
				return nil
			}
			return frame
		}),
	}
}

// AppendPublish implements Dialect.
func (CentrifugeJSON) AppendPublish(dst []byte, topic string, payload []byte) []byte {
	return appendFrame(dst, opText, fmt.Appendf(nil, `{"id":%d,"publish":{"channel":"%s","data":%s}}`, publishID, topic, payload))
}

// Meter implements Dialect.
func (CentrifugeJSON) Meter() Meter { return &pushes{pieces: &lines{}} }

// CentrifugeProtobuf is the same protocol in Protocol Buffers.
type CentrifugeProtobuf struct{}

// The tags of fields, all of them with a length: number<<3 | 2, and the one that is a number.
const (
	tagID             = 1 << 3
	tagError          = 2<<3 | 2 // in replies
	tagPush           = 4<<3 | 2
	tagConnectResult  = 5<<3 | 2
	tagSubscribed     = 6<<3 | 2
	tagConnect        = 4<<3 | 2 // in commands
	tagSubscribe      = 5<<3 | 2
	tagPublish        = 7<<3 | 2
	tagToken          = 1<<3 | 2
	tagChannel        = 1<<3 | 2
	tagPublishPayload = 2<<3 | 2
)

// Script implements Dialect.
func (CentrifugeProtobuf) Script(c Client) []Step {
	_, token := WithTicket(c)
	connect := protobufCommand(1, tagConnect, appendField(nil, tagToken, token))
	steps := []Step{
		upgrade(c, centrifugePath, "centrifuge-protobuf", ""),
		{Send: connect, Answered: protobufReply(1, tagConnectResult)},
	}
	if c.Role == Subscriber {
		for i, topic := range c.Topics {
			subscribe := protobufCommand(i+2, tagSubscribe, appendField(nil, tagChannel, topic))
			steps = append(steps, Step{Send: subscribe, Answered: protobufReply(i+2, tagSubscribed)})
		}
	}
	return steps
}

// AppendPublish implements Dialect.
func (CentrifugeProtobuf) AppendPublish(dst []byte, topic string, payload []byte) []byte {
	publish := appendField(appendField(nil, tagChannel, topic), tagPublishPayload, payload)
	return append(dst, protobufCommand(publishID, tagPublish, publish)...)
}

// Meter implements Dialect.
func (CentrifugeProtobuf) Meter() Meter { return &pushes{pieces: &delimited{}} }

func protobufCommand(id int, tag byte, request []byte) []byte {
	command := appendField(protobufPrefix(id), tag, request)
	return appendFrame(nil, opBinary, append(binary.AppendUvarint(nil, uint64(len(command))), command...))
}

// protobufPrefix returns the beginning of a command and of its reply.
func protobufPrefix(id int) []byte { return binary.AppendUvarint([]byte{tagID}, uint64(id)) }

func appendField[T string | []byte](dst []byte, tag byte, value T) []byte {
	return append(binary.AppendUvarint(append(dst, tag), uint64(len(value))), value...)
}

func protobufReply(id int, tag byte) func([]byte) (int, error) {
	return onlyReply(append(protobufPrefix(id), tag), func(frame []byte) []byte {
		length, n := binary.Uvarint(frame)
		if n <= 0 || length != uint64(len(frame)-n) {
			return nil
		}
		return frame[n:]
	})
}

// onlyReply waits for a frame with one reply that begins like this; unwrap returns nil for several replies. An event
// in the same frame would not be counted, but nothing is published before all clients are ready.
func onlyReply(opening []byte, unwrap func(frame []byte) []byte) func([]byte) (int, error) {
	return func(p []byte) (int, error) {
		frame, consumed, err := message(p)
		if consumed == 0 {
			return 0, err
		}
		if !bytes.HasPrefix(unwrap(frame), opening) {
			return 0, fmt.Errorf("the server sent %q instead of a reply", frame[:min(len(frame), quoted)])
		}
		return consumed, nil
	}
}

var (
	_ Dialect = CentrifugeJSON{}
	_ Dialect = CentrifugeProtobuf{}
)
