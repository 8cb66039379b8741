package wire

import "fmt"

// The codes of WAMP 1 messages.
const (
	codeWelcome1   = 0
	codeSubscribe1 = 5
	codePublish1   = 7
	codeEvent1     = 8
)

// WAMP1 is version 1, with the ticket in the address. It has no publishers here: publishers have API keys, which
// version 1 cannot use.
type WAMP1 struct{}

// Script implements Dialect. SUBSCRIBE has no answer, so the script sends a ping after it: the pong comes when
// SUBSCRIBE is done.
func (WAMP1) Script(c Client) []Step {
	_, ticket := WithTicket(c)
	first := upgrade(c, "/ws?ticket="+ticket, "wamp", "")
	steps := []Step{first, {Answered: expect(opensJSON(codeWelcome1))}}
	var subscribe []byte
	for _, topic := range c.Topics {
		subscribe = JSON.frame(subscribe, list{uint64(codeSubscribe1), topic})
	}
	return append(steps, Step{Send: appendFrame(subscribe, opPing, nil), Answered: pong})
}

func pong(p []byte) (int, error) {
	text, consumed, err := message(p)
	if consumed > 0 && p[0]&0xF != opPong {
		return 0, fmt.Errorf("the server sent %q instead of a pong", text[:min(len(text), quoted)])
	}
	return consumed, err
}

// AppendPublish implements Dialect.
func (WAMP1) AppendPublish(dst []byte, topic string, value []byte) []byte {
	return JSON.frame(dst, list{uint64(codePublish1), topic, payload(value)})
}

// Meter implements Dialect.
func (WAMP1) Meter() Meter { return &frames{opening: opensJSON(codeEvent1)} }

var _ Dialect = WAMP1{}
