package wamp

import (
	"fmt"
	"maps"
)

const (
	// maxV1Pending bounds the CALLs of one client that wait for an answer.
	maxV1Pending = 1024
	// maxV1CallID bounds the bytes of a call's id, which are kept until it is answered. Clients
	// draw about 20.
	maxV1CallID = 128
)

// A translator holds what one client of version 1 has going on: version 2 names by ids what
// version 1 names by topics and by ids of its own.
//
// Nothing is ever put off until the router has answered: the router answers a SUBSCRIBE, by
// SUBSCRIBED or by ERROR, before it takes the client's next frame. So at most one SUBSCRIBE waits,
// and an UNSUBSCRIBE always finds out whether there is a subscription that it could mean.
type translator struct {
	prefixes prefixes
	requests Sequence
	calls    map[ID][]byte // request -> the client's id of the call, as JSON
	topics   map[URI]ID    // -> subscription
	asked    Subscribe     // the SUBSCRIBE that waits; the zero value: none
}

func (t *translator) hello() *Hello {
	return &Hello{Details: Dict{"roles": Dict{"publisher": Dict(nil), "subscriber": Dict(nil), "caller": Dict(nil)}}}
}

// receive translates a frame. nil asks for nothing of the router.
func (t *translator) receive(frame []byte) (Message, error) {
	f, err := openV1Frame(frame)
	if err != nil {
		return nil, err
	}
	var m Message
	switch f.code {
	case v1Prefix:
		t.prefix(f)
	case v1Call:
		m = t.call(f)
	case v1Subscribe:
		m = t.subscribeTo(f)
	case v1Unsubscribe:
		m = t.unsubscribeFrom(f)
	case v1Publish:
		m = t.publish(f)
	default:
		return nil, Violation("version 1: a client sends no message with the code %d", f.code)
	}
	if f.err != nil {
		return nil, f.err
	}
	return m, nil
}

func (t *translator) prefix(f *v1Frame) {
	prefix, uri := f.text("prefix"), f.text("URI")
	if f.end(); f.err == nil {
		f.failWith(t.prefixes.set(prefix, uri))
	}
}

func (t *translator) topic(f *v1Frame) URI { return t.prefixes.expand(f.text("the topic")) }

func (t *translator) subscribeTo(f *v1Frame) Message {
	uri := t.topic(f)
	if f.end(); f.err != nil {
		return nil
	}
	if _, ok := t.topics[uri]; ok {
		return nil
	}
	t.asked = Subscribe{Request: t.requests.Next(), Topic: uri}
	m := t.asked
	return &m
}

func (t *translator) unsubscribeFrom(f *v1Frame) Message {
	uri := t.topic(f)
	if f.end(); f.err != nil {
		return nil
	}
	subscription, ok := t.topics[uri]
	if !ok {
		return nil
	}
	delete(t.topics, uri)
	return &Unsubscribe{Request: t.requests.Next(), Subscription: subscription}
}

func (t *translator) subscribed(m *Subscribed) {
	if m.Request != t.asked.Request {
		return
	}
	if t.topics == nil {
		t.topics = map[URI]ID{}
	}
	t.topics[t.asked.Topic] = m.Subscription
	t.asked = Subscribe{}
}

// revoked forgets a topic that the router has taken from the client, which is not told: version 1
// has no message for it. A later SUBSCRIBE asks the router again.
func (t *translator) revoked(m *Unsubscribed) {
	id, ok := m.Details.ID("subscription")
	if m.Request != 0 || !ok {
		return
	}
	maps.DeleteFunc(t.topics, func(_ URI, subscription ID) bool { return subscription == id })
}

func (t *translator) publish(f *v1Frame) Message {
	m := &Publish{Topic: t.topic(f)}
	m.Payload.Args, _ = own(f.values("the event", 1), nil)
	// The publisher is a subscriber like all others, unless it says otherwise: in version 2 it is
	// the other way round.
	m.Options = Dict{"exclude_me": false}
	f.exclude(m.Options)
	f.eligible(m.Options)
	if f.end(); f.err != nil {
		return nil
	}
	m.Request = t.requests.Next()
	return m
}

func (t *translator) call(f *v1Frame) Message {
	id := f.callID()
	m := &Call{Procedure: t.prefixes.expand(f.text("the procedure"))}
	m.Payload.Args, _ = own(f.values("an argument", -1), nil)
	if f.end(); f.err != nil {
		return nil
	}
	if len(t.calls) >= maxV1Pending {
		f.failWith(Fail(ErrLimitExceeded, "%d CALLs wait for an answer", maxV1Pending))
		return nil
	}
	if t.calls == nil {
		t.calls = map[ID][]byte{}
	}
	m.Request = t.requests.Next()
	t.calls[m.Request] = id
	return m
}

// append writes what version 1 has a frame for. Requests that it does not answer stay unanswered.
func (t *translator) append(dst []byte, m Message) ([]byte, error) {
	switch m := m.(type) {
	case *Welcome, *Event:
		return V1JSON.Append(dst, m)
	case *Subscribed:
		t.subscribed(m)
	case *Unsubscribed:
		t.revoked(m)
	case *Result:
		return t.result(dst, m)
	case *Error:
		return t.failed(dst, m)
	case *Challenge:
		return dst, fmt.Errorf("send CHALLENGE: %w", errNoFrame)
	}
	return dst, nil
}

func (t *translator) result(dst []byte, m *Result) ([]byte, error) {
	if progress, _ := m.Details.Bool("progress"); progress {
		return dst, nil // only the last result is the answer
	}
	id, ok := t.calls[m.Request]
	if !ok {
		return dst, nil
	}
	value, err := m.Payload.Value()
	if err != nil {
		return dst, fmt.Errorf("encode CALLRESULT: %w", err)
	}
	delete(t.calls, m.Request)
	w := newWriter(JSON, dst)
	o := w.openArray()
	w.integer(v1CallResult)
	w.raw(id)
	w.raw(value)
	w.closeArray(o)
	return w.dst, nil
}

func (t *translator) failed(dst []byte, m *Error) ([]byte, error) {
	if m.RequestType != CodeCall { // a refusal of anything else is silent in version 1
		return dst, nil
	}
	id, ok := t.calls[m.Request]
	if !ok {
		return dst, nil
	}
	why, err := describe(m)
	if err != nil {
		return dst, fmt.Errorf("encode CALLERROR: %w", err)
	}
	delete(t.calls, m.Request)
	w := newWriter(JSON, dst)
	o := w.openArray()
	w.integer(v1CallError)
	w.raw(id)
	w.str(string(m.Error))
	w.str(why.description)
	if why.details != nil {
		w.raw(why.details)
	}
	w.closeArray(o)
	return w.dst, nil
}

type explanation struct {
	description string
	details     []byte // JSON, nil: none
}

// describe finds the sentence that version 1 wants with an error, and gives everything else that the error
// carries as its details.
func describe(m *Error) (explanation, error) {
	var args []any
	if err := m.Payload.Decode(&args, nil); err != nil {
		return explanation{}, err
	}
	rest := m.Payload
	why := explanation{}
	if len(args) > 0 {
		if text, ok := args[0].(string); ok && len(args) == 1 {
			why.description, rest.Args = text, nil
		} else if ok {
			why.description = text
		}
	}
	if why.description == "" {
		why.description, _ = m.Details.String("message")
	}
	if why.description == "" {
		why.description = string(m.Error)
	}
	if rest.Empty() {
		return why, nil
	}
	var err error
	why.details, err = rest.Value()
	return why, err
}
