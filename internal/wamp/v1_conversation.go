package wamp

import (
	"fmt"
	"maps"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

const (
	// maxV1Pending limits the CALLs of one client that wait for an answer.
	maxV1Pending = 1024
	// maxV1CallID limits the bytes of a call's id, which are kept until the call is answered. Clients
	// draw ids of about 20 bytes.
	maxV1CallID = 128
)

// A translator holds the open calls and the subscriptions of one client of version 1. Version 2 identifies
// them by ids, version 1 by topics and by the client's own ids.
//
// The router answers a SUBSCRIBE, by SUBSCRIBED or ERROR, before it takes the client's next frame. So at
// most one SUBSCRIBE waits for its answer, and an UNSUBSCRIBE always finds the subscription of its topic.
type translator struct {
	prefixes         prefixes
	requests         Sequence
	calls            map[ID][]byte // request -> the client's id of the call, as JSON
	answered         answeredCall  // the last one
	topics           map[URI]ID    // -> subscription
	pendingSubscribe Subscribe     // waits for its answer; zero if none does
}

// answeredCall is a call that was answered.
type answeredCall struct {
	request ID
	id      []byte // the client's id, as JSON
}

func (t *translator) hello() *Hello {
	return &Hello{Details: Dict{"roles": Dict{"publisher": Dict(nil), "subscriber": Dict(nil), "caller": Dict(nil)}}}
}

// receive translates a frame. The message is nil if the router has nothing to do for the frame.
func (t *translator) receive(frame []byte, receivers int) (Message, error) {
	f, err := openV1Frame(frame)
	if err != nil {
		return nil, err
	}
	f.r.keep = keeping{known: true, receivers: receivers}
	var m Message
	switch f.code {
	case v1Prefix:
		t.prefix(f)
	case v1Call:
		m = t.call(f)
	case v1Subscribe:
		m = t.subscribe(f)
	case v1Unsubscribe:
		m = t.unsubscribe(f)
	case v1Publish:
		m = t.publish(f)
	default:
		return nil, Violation("version 1: a client sends no message with the code %d", f.code)
	}
	switch {
	case f.err != nil:
		return nil, f.err
	case f.flaw != nil:
		return m, f.flaw
	default:
		return m, nil
	}
}

func (t *translator) prefix(f *v1Frame) {
	prefix, uri := f.text("prefix"), f.text("URI")
	if f.end(); f.err == nil {
		f.failWith(t.prefixes.set(prefix, uri))
	}
}

func (t *translator) topic(f *v1Frame) URI { return v2URI(t.prefixes.expand(f.uri("the topic"))) }

func (t *translator) subscribe(f *v1Frame) Message {
	uri := t.topic(f)
	if f.end(); f.err != nil {
		return nil
	}
	if _, ok := t.topics[uri]; ok {
		return nil
	}
	t.pendingSubscribe = Subscribe{Request: t.requests.Next(), Topic: uri}
	m := t.pendingSubscribe
	return &m
}

func (t *translator) unsubscribe(f *v1Frame) Message {
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
	if m.Request != t.pendingSubscribe.Request {
		return
	}
	if t.topics == nil {
		t.topics = map[URI]ID{}
	}
	t.topics[t.pendingSubscribe.Topic] = m.Subscription
	t.pendingSubscribe = Subscribe{}
}

// revoked removes the topic of a subscription that the router has revoked. The client is not told, because
// version 1 has no message for that. A later SUBSCRIBE asks the router again.
func (t *translator) revoked(m *Unsubscribed) {
	id, ok := m.Details.ID("subscription")
	if m.Request != 0 || !ok {
		return
	}
	maps.DeleteFunc(t.topics, func(_ URI, subscription ID) bool { return subscription == id })
}

func (t *translator) publish(f *v1Frame) Message {
	m := &Publish{Topic: t.topic(f)}
	m.Payload = f.payload("the event", 1)
	// In version 1 a publisher receives its own events unless it excludes itself, in version 2 it does not
	// unless it asks for them.
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
	m := &Call{Procedure: v2URI(t.prefixes.expand(f.uri("the procedure")))}
	m.Payload = f.payload("an argument", -1)
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

// append appends the frame of a message, or nothing if version 1 has no frame for it.
func (t *translator) append(dst []byte, m Message) ([]byte, error) {
	switch m := m.(type) {
	case *Welcome, *Event:
		return V1JSON.Append(dst, m)
	case *Subscribed:
		t.subscribed(m)
	case *Unsubscribed:
		t.revoked(m)
	case *Result:
		return t.callResult(dst, m)
	case *Error:
		return t.callError(dst, m)
	case *Challenge:
		return dst, fmt.Errorf("send CHALLENGE: %w", errNoFrame)
	}
	return dst, nil
}

func (t *translator) callResult(dst []byte, m *Result) ([]byte, error) {
	if progress, _ := m.Details.Bool("progress"); progress {
		return dst, nil // version 1 has no progressive results
	}
	id, ok := t.takeCall(m.Request)
	if !ok {
		return dst, nil
	}
	value, err := m.Payload.Value()
	if err != nil {
		return dst, fmt.Errorf("encode CALLRESULT: %w", err)
	}
	w := serial.NewWriter(JSON, dst)
	o := w.OpenArray()
	w.Int(v1CallResult)
	w.Raw(id)
	w.Raw(value)
	w.CloseArray(o)
	return w.Bytes(), nil
}

func (t *translator) callError(dst []byte, m *Error) ([]byte, error) {
	if m.RequestType != CodeCall { // version 1 answers no other request
		return dst, nil
	}
	id, ok := t.takeCall(m.Request)
	if !ok {
		return dst, nil
	}
	e, err := describe(m)
	if err != nil {
		return dst, fmt.Errorf("encode CALLERROR: %w", err)
	}
	w := serial.NewWriter(JSON, dst)
	o := w.OpenArray()
	w.Int(v1CallError)
	w.Raw(id)
	w.Text(v1Name(m.Error))
	w.Text(e.description)
	if e.details != nil {
		w.Raw(e.details)
	}
	w.CloseArray(o)
	return w.Bytes(), nil
}

// takeCall returns the id that the client gave a call, and removes the call. The id of the last call stays: if its
// answer is too long for the client, a shorter one takes its place.
func (t *translator) takeCall(request ID) (id []byte, ok bool) {
	if id, ok = t.calls[request]; ok {
		delete(t.calls, request)
		t.answered = answeredCall{request: request, id: id}
	}
	return t.answered.id, t.answered.id != nil && t.answered.request == request
}

// explanation is the part of an ERROR that CALLERROR carries beside the URI.
type explanation struct {
	description string
	details     []byte // JSON; nil if there are none
}

// describe returns the description that CALLERROR must have, and the rest of the error's payload as its
// details.
func describe(m *Error) (explanation, error) {
	n, err := m.Payload.elements()
	if err != nil {
		return explanation{}, err
	}
	rest := m.Payload
	e := explanation{}
	if text, ok := m.Payload.FirstText(); ok {
		e.description = text
		if n == 1 || n == opaque {
			rest.Args = nil
		}
	}
	if e.description == "" {
		e.description, _ = m.Details.String("message")
	}
	if e.description == "" {
		e.description = string(m.Error)
	}
	if rest.Empty() {
		return e, nil
	}
	e.details, err = rest.Value()
	return e, err
}
