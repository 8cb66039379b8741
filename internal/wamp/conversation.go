package wamp

import (
	"cmp"
	"fmt"
	"math"
)

// Phase names the state of a conversation.
type Phase uint8

const (
	PhaseOpening      Phase = iota // no message was received
	PhaseJoining                   // a HELLO or AUTHENTICATE waits for the router's answer
	PhaseChallenging               // the client has a CHALLENGE to answer
	PhaseEstablished               // there is a session
	PhaseLeaving                   // the client's GOODBYE waits for the router's
	PhaseShuttingDown              // the router's GOODBYE waits for the client's
	PhaseClosed                    // no message can follow
)

var phaseNames = [...]string{"opening", "joining", "challenging", "established", "leaving", "shutting down", "closed"}

func (p Phase) String() string { return phaseNames[p] }

// The router's side of a conversation (WAMP, "Session Lifecycle"). A message that its phase does not list is
// a protocol violation, unless [Phase.ignoresUnexpected] holds.
//
//	          HELLO                WELCOME
//	opening ─────────► joining ──────────────► established ─── GOODBYE in ──► leaving
//	                   │  ▲                        │                            │
//	         CHALLENGE │  │ AUTHENTICATE           │ GOODBYE out                │ GOODBYE out
//	                   ▼  │                        ▼                            ▼
//	                challenging               shutting down ── GOODBYE in ──► closed
//
// ABORT leads to closed from every phase, in both directions, and is never answered.
var (
	onReceive = [...]transitions{
		PhaseOpening:      {CodeHello: PhaseJoining},
		PhaseJoining:      {CodeAbort: PhaseClosed},
		PhaseChallenging:  {CodeAuthenticate: PhaseJoining, CodeAbort: PhaseClosed},
		PhaseEstablished:  establishedTransitions(clientMessages[:], CodeGoodbye, PhaseLeaving),
		PhaseLeaving:      {CodeAbort: PhaseClosed},
		PhaseShuttingDown: {CodeGoodbye: PhaseClosed, CodeAbort: PhaseClosed},
		PhaseClosed:       {},
	}
	onSend = [...]transitions{
		PhaseOpening:      {CodeAbort: PhaseClosed},
		PhaseJoining:      {CodeWelcome: PhaseEstablished, CodeChallenge: PhaseChallenging, CodeAbort: PhaseClosed},
		PhaseChallenging:  {CodeAbort: PhaseClosed},
		PhaseEstablished:  establishedTransitions(routerMessages[:], CodeGoodbye, PhaseShuttingDown),
		PhaseLeaving:      {CodeGoodbye: PhaseClosed, CodeAbort: PhaseClosed},
		PhaseShuttingDown: {CodeAbort: PhaseClosed},
		PhaseClosed:       {},
	}

	// The messages that each side may send while there is a session, apart from GOODBYE and ABORT.
	clientMessages = [...]Code{
		CodePublish, CodeSubscribe, CodeUnsubscribe, CodeCall, CodeCancel,
		CodeRegister, CodeUnregister, CodeYield, CodeError, eventReceivedIndex,
	}
	routerMessages = [...]Code{
		CodePublished, CodeSubscribed, CodeUnsubscribed, CodeEvent, CodeResult,
		CodeRegistered, CodeUnregistered, CodeInvocation, CodeInterrupt, CodeError,
	}
)

// transitions maps the code of a message to the phase that follows. No message leads to [PhaseOpening],
// so that phase stands for codes that are not expected.
type transitions [eventReceivedIndex + 1]Phase

// eventReceivedIndex is the index of [CodeEventReceived], whose code is far above the others.
const eventReceivedIndex = CodeYield + 1

// next returns the phase that follows a message, and whether the message is expected.
func (t *transitions) next(code Code) (next Phase, ok bool) {
	if code == CodeEventReceived {
		code = eventReceivedIndex
	}
	if int(code) < len(t) {
		next = t[code]
	}
	return next, next != PhaseOpening
}

// establishedTransitions returns the transitions of [PhaseEstablished]: goodbye leads to next, codes stay.
func establishedTransitions(codes []Code, goodbye Code, next Phase) transitions {
	t := transitions{CodeAbort: PhaseClosed}
	t[goodbye] = next
	for _, code := range codes {
		t[code] = PhaseEstablished
	}
	return t
}

// ignoresUnexpected reports whether the phase ignores messages that it does not expect: one side has ended
// the session, and the other side may not know yet.
func (p Phase) ignoresUnexpected() bool {
	return p == PhaseLeaving || p == PhaseShuttingDown || p == PhaseClosed
}

// Conversation is the router's side of one conversation with a client. It turns frames into messages
// of version 2 and messages into frames, and enforces the order of the protocol on both sides. It is
// not safe for concurrent use.
type Conversation struct {
	// Each connection holds a Conversation, so the struct is kept small.
	v1            *translator // nil in version 2
	receivers     uint32      // see LimitReceivers
	serialization Serialization
	phase         Phase
	strict        bool // see BeStrict
}

// NewConversation returns a conversation in [PhaseOpening].
func NewConversation(e Encoding) *Conversation {
	c := &Conversation{serialization: e.Serialization(), receivers: DefaultReceivers}
	if _, ok := e.(version1); ok {
		c.v1 = new(translator)
	}
	return c
}

// BeStrict makes the conversation refuse null and empty lists in place of an empty dict, and the like, which clients
// in use write.
func (c *Conversation) BeStrict() { c.strict = true }

// LimitReceivers sets how many elements a list of receivers may have, such as eligible in the Options of a PUBLISH.
// Receive cuts a longer list to one element more than that, by which the caller notices the excess.
func (c *Conversation) LimitReceivers(most int) { c.receivers = uint32(min(most, math.MaxInt32)) }

// Phase returns the state of the conversation.
func (c *Conversation) Phase() Phase { return c.phase }

// Encoding returns the encoding of the conversation's frames.
func (c *Conversation) Encoding() Encoding {
	if c.v1 != nil {
		return V1JSON
	}
	return version2{c.serialization}
}

// Open returns the HELLO of a client of version 1, where opening the connection stands for HELLO. That
// HELLO names no realm. Open returns nil if the client will send its own HELLO.
func (c *Conversation) Open() *Hello {
	if c.v1 == nil || c.phase != PhaseOpening {
		return nil
	}
	c.phase = PhaseJoining
	return c.v1.hello()
}

// Receive decodes a frame of the client. If the router has nothing to do for it, message and error are nil.
// The message does not refer to the frame's memory.
//
// A message whose payload cannot be passed on comes together with a [PayloadError], without its payload. The caller
// refuses the message, and the conversation goes on.
//
// After a GOODBYE the router sends its own GOODBYE, unless the conversation is then in [PhaseClosed]: the
// client has answered the router's GOODBYE. Any other error is a [Failure]. The caller sends it in an ABORT,
// which ends the conversation.
func (c *Conversation) Receive(frame []byte) (Message, error) {
	if c.phase == PhaseClosed {
		return nil, nil
	}
	m, flaw := c.decode(frame)
	if m == nil {
		if c.phase.ignoresUnexpected() {
			return nil, nil
		}
		return nil, flaw
	}
	next, ok := onReceive[c.phase].next(m.Code())
	if !ok {
		if c.phase.ignoresUnexpected() {
			return nil, nil
		}
		return nil, Violation("%s is not expected while the session is %s", m.Code(), c.phase)
	}
	c.phase = next
	m, err := c.checkReceived(m)
	return m, cmp.Or(err, flaw)
}

func (c *Conversation) decode(frame []byte) (Message, error) {
	if c.v1 != nil {
		return c.v1.receive(frame, int(c.receivers))
	}
	return decode(c.serialization, frame, keeping{
		strict: c.strict, expected: &onReceive[c.phase], known: true, values: MaxDetailsValues, receivers: int(c.receivers),
	})
}

// checkReceived checks a message by the rules that hold for messages of clients only.
func (c *Conversation) checkReceived(m Message) (Message, error) {
	switch m := m.(type) {
	case *Error:
		if m.RequestType != CodeInvocation {
			return nil, Violation("ERROR.REQUEST.Type is %d, a client can only fail an INVOCATION (%d)", m.RequestType, CodeInvocation)
		}
	case *EventReceived:
		return nil, nil
	}
	return m, nil
}

// Append appends the frame of a message for the client to dst and changes the phase. It appends nothing if
// the dialect has no frame for the message, or if a GOODBYE or ABORT of either side came before.
func (c *Conversation) Append(dst []byte, m Message) ([]byte, error) {
	next, ok := onSend[c.phase].next(m.Code())
	if !ok {
		if c.phase.ignoresUnexpected() {
			return dst, nil
		}
		return dst, fmt.Errorf("send %s while the session is %s", m.Code(), c.phase)
	}
	var out []byte
	var err error
	if c.v1 != nil {
		out, err = c.v1.append(dst, m)
	} else {
		out, err = appendMessage(dst, c.serialization, m)
	}
	if err != nil {
		return dst, err
	}
	if c.phase = next; c.v1 != nil && next == PhaseShuttingDown {
		c.phase = PhaseClosed // version 1 has no GOODBYE that could be answered
	}
	return out, nil
}
