package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/centrifugal/protocol"
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
		steps = append(steps, CentrifugeJSON{}.Subscribe(c)...)
	}
	return steps
}

// Subscribe implements Keeper.
func (CentrifugeJSON) Subscribe(c Client) (steps []Step) {
	for i, topic := range c.Topics {
		steps = append(steps, subscribeJSON(c, i+2, topic))
	}
	return steps
}

func subscribeJSON(c Client, id int, topic string) Step {
	fields := `"channel":"` + topic + `"`
	if c.Since != nil {
		fields += fmt.Sprintf(`,"recover":true,"epoch":%q,"offset":%d`, c.Since.Epoch, c.Since.Seq)
	}
	step := jsonCommand(id, "subscribe", fields)
	if !c.follows() {
		return step
	}
	step.Answered = c.subscribed(step.Answered, func(frame []byte) (subscribed, error) {
		var reply struct{ Subscribe subscribed }
		return reply.Subscribe, json.Unmarshal(frame, &reply)
	})
	return step
}

// Keep implements Keeper.
func (CentrifugeJSON) Keep(topic string, payload []byte) Step {
	return jsonCommand(publishID, "publish", fmt.Sprintf(`"channel":"%s","data":%s`, topic, payload))
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
	tagPublished      = 8<<3 | 2
	tagConnect        = 4<<3 | 2 // in commands
	tagSubscribe      = 5<<3 | 2
	tagPublish        = 7<<3 | 2
	tagToken          = 1<<3 | 2
	tagChannel        = 1<<3 | 2
	tagPublishPayload = 2<<3 | 2
	tagRecover        = 3 << 3
	tagEpoch          = 6<<3 | 2
	tagOffset         = 7 << 3
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
		steps = append(steps, CentrifugeProtobuf{}.Subscribe(c)...)
	}
	return steps
}

// Subscribe implements Keeper.
func (CentrifugeProtobuf) Subscribe(c Client) (steps []Step) {
	for i, topic := range c.Topics {
		steps = append(steps, subscribeProtobuf(c, i+2, topic))
	}
	return steps
}

func subscribeProtobuf(c Client, id int, topic string) Step {
	request := appendField(nil, tagChannel, topic)
	if c.Since != nil {
		request = appendField(append(request, tagRecover, 1), tagEpoch, c.Since.Epoch)
		request = binary.AppendUvarint(append(request, tagOffset), c.Since.Seq)
	}
	step := Step{Send: protobufCommand(id, tagSubscribe, request), Answered: protobufReply(id, tagSubscribed)}
	if !c.follows() {
		return step
	}
	step.Answered = c.subscribed(step.Answered, func(frame []byte) (subscribed, error) {
		var reply protocol.Reply
		_, n := binary.Uvarint(frame)
		if err := reply.UnmarshalCF(frame[n:]); err != nil {
			return subscribed{}, err
		}
		s := reply.Subscribe
		return subscribed{s.Epoch, s.Offset, s.Recovered, make([]struct{}, len(s.Publications))}, nil
	})
	return step
}

// Keep implements Keeper.
func (CentrifugeProtobuf) Keep(topic string, payload []byte) Step {
	publish := appendField(appendField(nil, tagChannel, topic), tagPublishPayload, payload)
	return Step{Send: protobufCommand(publishID, tagPublish, publish), Answered: protobufReply(publishID, tagPublished)}
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

// subscribed is the part of a subscribe result that is about positions.
type subscribed struct {
	Epoch        string
	Offset       uint64
	Recovered    bool
	Publications []struct{}
}

// follows reports whether a subscriber follows positions.
func (c Client) follows() bool { return c.Told != nil || c.Since != nil }

// subscribed consumes a reply, which must have all that the client has missed.
func (c Client) subscribed(consume func(p []byte) (int, error), read func(frame []byte) (subscribed, error)) func([]byte) (int, error) {
	return func(p []byte) (int, error) {
		consumed, err := consume(p)
		if consumed == 0 {
			return 0, err
		}
		frame, _, err := message(p)
		if err != nil {
			return 0, err
		}
		result, err := read(frame)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read a reply: %w", err)
		case c.Since != nil && (!result.Recovered || len(result.Publications) != c.Missed):
			return 0, fmt.Errorf("the server sent %d of %d missed publications, and recovered is %t", len(result.Publications), c.Missed, result.Recovered)
		case c.Told != nil && result.Epoch == "":
			return 0, fmt.Errorf("the server told no position: %q", frame[:min(len(frame), quoted)])
		case c.Told != nil:
			c.Told(Position{result.Epoch, result.Offset})
		}
		return consumed, nil
	}
}

var (
	_ Keeper = CentrifugeJSON{}
	_ Keeper = CentrifugeProtobuf{}
)
