package router_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// member is a client of version 2, for tests that call the router directly.
type member struct {
	t        testing.TB
	encoding wamp.Encoding
	client   *router.Client
	next     wamp.Sequence
	heard    []wamp.Message
}

// enter joins a client with all roles.
func enter(t testing.TB, r *router.Router, encoding wamp.Encoding) *member {
	m := &member{t: t, encoding: encoding}
	m.join(r, wamp.Dict{
		"publisher": wamp.Dict{}, "subscriber": wamp.Dict{}, "caller": wamp.Dict{}, "callee": wamp.Dict{},
	})
	return m
}

// enterWith joins a client that announces the roles.
func enterWith(t testing.TB, r *router.Router, roles wamp.Dict) *member {
	m := &member{t: t, encoding: wamp.V2JSON}
	m.join(r, roles)
	return m
}

func (m *member) join(r *router.Router, roles wamp.Dict) {
	m.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: m.encoding}})
	m.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": roles}})
}

// say sends a message. It returns false if the conversation is over.
func (m *member) say(message wamp.Message) bool {
	return m.client.Receive(m.t.Context(), encode(m.t, m.encoding, message)) == nil
}

// listen moves the messages of the outbox to heard. It returns false if the conversation is over.
func (m *member) listen() bool {
	taken := m.client.Outbox().Take(nil, 1<<30)
	frames, ending := taken.Pieces, taken.Closed
	for _, frame := range frames {
		message, err := m.encoding.Decode(frame)
		if err != nil {
			m.t.Errorf("a frame cannot be read: %v: %q", err, frame)
		}
		m.heard = append(m.heard, message)
	}
	return ending == nil
}

func encode(t testing.TB, encoding wamp.Encoding, message wamp.Message) []byte {
	frame, err := encoding.Append(nil, message)
	if err != nil {
		t.Errorf("encode %s: %v", message.Code(), err)
	}
	return frame
}

// args returns a payload of integers, which ints decodes.
func args(t testing.TB, values ...int) wamp.Payload {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	payload, err := wamp.NewPayload(list, nil)
	if err != nil {
		t.Error(err)
	}
	return payload
}

func ints(t testing.TB, p wamp.Payload) []int {
	var list []any
	if err := p.Decode(&list, nil); err != nil {
		t.Error(err)
	}
	values := make([]int, len(list))
	for i, v := range list {
		n, _ := v.(int64)
		values[i] = int(n)
	}
	return values
}
