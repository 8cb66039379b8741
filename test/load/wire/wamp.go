package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// The codes of WAMP 2 messages.
const (
	codeHello        = 1
	codeWelcome      = 2
	codeChallenge    = 4
	codeAuthenticate = 5
	codePublish      = 16
	codePublished    = 17
	codeSubscribe    = 32
	codeSubscribed   = 33
	codeEvent        = 36
	codeCall         = 48
	codeResult       = 50
	codeRegister     = 64
	codeRegistered   = 65
	codeInvocation   = 68
	codeYield        = 70
)

// deflate is the offer of a client for permessage-deflate without context takeover.
const deflate = "permessage-deflate"

// WAMP is WAMP 2 over WebSocket, in the realm app.
type WAMP struct {
	Serialization Serialization
	Login         Login
	Compression   Compression
	Positions     bool // subscribers ask for positions
}

// Compression selects whether a client offers permessage-deflate.
type Compression uint8

// The values of Compression.
const (
	Uncompressed Compression = iota
	Compressed
)

// Login returns the authid and the ticket of a client, for the method ticket.
type Login func(Client) (authid, ticket string)

// The API key of the publishers and callees, and its name.
const (
	APIKey     = "the-key-of-the-load-test-publisher"
	APIKeyName = "load"
)

// WithTicket is the Login for nexus: all clients have tickets.
func WithTicket(c Client) (authid, ticket string) {
	authid = fmt.Sprintf("user%d", c.Number)
	return authid, Ticket(Secret, authid, fmt.Sprintf("load-%d-%d", c.Number, c.Visit))
}

// WithTicketOrKey is the Login for Tidings: subscribers and callers have tickets, publishers and callees an API key.
func WithTicketOrKey(c Client) (authid, ticket string) {
	if c.Role == Publisher || c.Role == Callee {
		return APIKeyName, APIKey
	}
	return WithTicket(c)
}

// Script implements Dialect.
func (w WAMP) Script(c Client) []Step {
	extension := ""
	if w.Compression == Compressed {
		extension = deflate
	}
	authid, ticket := w.Login(c)
	roles := dict{"subscriber": dict{}, "publisher": dict{}, "caller": dict{}, "callee": dict{}}
	steps := []Step{
		upgrade(c, "/ws", "wamp.2."+w.Serialization.name, extension),
		w.step(codeChallenge, list{uint64(codeHello), "app", dict{"authmethods": list{"ticket"}, "authid": authid, "roles": roles}}),
		w.step(codeWelcome, list{uint64(codeAuthenticate), ticket, dict{}}),
	}
	switch c.Role {
	case Subscriber:
		steps = append(steps, w.Subscribe(c)...)
	case Callee:
		steps = append(steps, w.step(codeRegistered, list{uint64(codeRegister), uint64(1), dict{}, c.Topics[0]}))
	case Publisher, Caller:
	}
	return steps
}

// Subscribe implements Keeper.
func (w WAMP) Subscribe(c Client) (steps []Step) {
	for i, topic := range c.Topics {
		steps = append(steps, w.subscribe(c, i+1, topic)...)
	}
	return steps
}

// subscribe returns the exchange of a subscription, with the events that the client has missed.
func (w WAMP) subscribe(c Client, request int, topic string) []Step {
	options := matching(c.Match)
	if !w.Positions {
		return []Step{w.step(codeSubscribed, list{uint64(codeSubscribe), uint64(request), options, topic})}
	}
	options["_positions"] = true
	if c.Since != nil {
		options["_since"] = dict{"_epoch": c.Since.Epoch, "_seq": c.Since.Seq}
	}
	step := w.step(codeSubscribed, list{uint64(codeSubscribe), uint64(request), options, topic})
	step.Answered = w.subscribed(c, step.Answered)
	missed := Step{Answered: expect(w.Serialization.opens(codeEvent))}
	return append([]Step{step}, slices.Repeat([]Step{missed}, c.Missed)...)
}

// subscribed consumes a SUBSCRIBED with a position, which must not tell of a gap. Only JSON is read further.
func (w WAMP) subscribed(c Client, consume func(p []byte) (int, error)) func(p []byte) (int, error) {
	return func(p []byte) (int, error) {
		consumed, err := consume(p)
		if consumed == 0 {
			return 0, err
		}
		text, _, err := message(p)
		switch {
		case err != nil:
			return 0, err
		case bytes.Contains(text, []byte("_gap")):
			return 0, fmt.Errorf("the server no longer has what was missed: %q", text[:min(len(text), quoted)])
		case c.Told == nil:
			return consumed, nil
		}
		var details struct {
			Epoch string `json:"_epoch"`
			Seq   uint64 `json:"_seq"`
		}
		if err := json.Unmarshal(text, &[]any{new(any), new(any), new(any), &details}); err != nil || details.Epoch == "" {
			return 0, fmt.Errorf("the server told no position: %q", text[:min(len(text), quoted)])
		}
		c.Told(Position(details))
		return consumed, nil
	}
}

func matching(m Match) dict {
	switch m {
	case Prefix:
		return dict{"match": "prefix"}
	case Wildcard:
		return dict{"match": "wildcard"}
	case Exact:
	}
	return dict{}
}

// step sends a message and waits for one with the code.
func (w WAMP) step(code byte, message list) Step {
	return Step{Send: w.Serialization.frame(nil, message), Answered: expect(w.Serialization.opens(code))}
}

// expect consumes one message, which must begin like this.
func expect(o messagePrefix) func(p []byte) (int, error) {
	return func(p []byte) (int, error) {
		text, consumed, err := message(p)
		if consumed == 0 {
			return 0, err
		}
		if len(text) < 4 || binary.BigEndian.Uint32(text)&o.mask != o.value {
			return 0, fmt.Errorf("the server sent %q instead", text[:min(len(text), quoted)])
		}
		return consumed, nil
	}
}

// AppendPublish implements Dialect. The request id is always the same, because a publication without acknowledgement
// has no answer.
func (w WAMP) AppendPublish(dst []byte, topic string, value []byte) []byte {
	return w.Serialization.frame(dst, list{uint64(codePublish), uint64(1), dict{}, topic, list{payload(value)}})
}

// Keep implements Keeper.
func (w WAMP) Keep(topic string, value []byte) Step {
	return w.step(codePublished, list{uint64(codePublish), uint64(1), dict{"acknowledge": true}, topic, list{payload(value)}})
}

// Acknowledgements implements Acknowledged.
func (w WAMP) Acknowledgements() Meter { return w.counts(codePublished) }

// Meter implements Dialect.
func (w WAMP) Meter() Meter { return w.counts(codeEvent) }

// Results implements RPC.
func (w WAMP) Results() Meter { return w.counts(codeResult) }

func (w WAMP) counts(code byte) Meter {
	return &frames{opening: w.Serialization.opens(code), compressed: w.Compression == Compressed}
}

// AppendCall implements RPC.
func (w WAMP) AppendCall(dst []byte, id uint64, c Call) []byte {
	return w.Serialization.frame(dst, list{uint64(codeCall), id, dict{}, c.Procedure, list{payload(c.Payload)}})
}

// Callee implements RPC.
func (w WAMP) Callee(value []byte) Meter {
	return &callee{serialization: w.Serialization, arguments: w.Serialization.append(nil, list{payload(value)})}
}

var (
	_ RPC          = WAMP{}
	_ Acknowledged = WAMP{}
)
