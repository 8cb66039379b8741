package wamp

import "fmt"

// Phase is how far a conversation has come.
type Phase uint8

const (
	PhaseOpening      Phase = iota // nothing was received
	PhaseJoining                   // a HELLO or AUTHENTICATE waits for the router's answer
	PhaseChallenging               // the client has a CHALLENGE to answer
	PhaseEstablished               // there is a session
	PhaseLeaving                   // the client's GOODBYE waits for the router's
	PhaseShuttingDown              // the router's GOODBYE waits for the client's
	PhaseClosed                    // all is said
)

var phaseNames = [...]string{"opening", "joining", "challenging", "established", "leaving", "shutting down", "closed"}

func (p Phase) String() string { return phaseNames[p] }

// The router's side of a conversation (WAMP, "Session Lifecycle"). What a phase does not list is a
// protocol violation, or is passed over by the phases of [Phase.ignoresUnexpected].
//
//	          HELLO                WELCOME
//	opening ─────────► joining ──────────────► established ─── GOODBYE in ──► leaving
//	                   │  ▲                        │                            │
//	         CHALLENGE │  │ AUTHENTICATE           │ GOODBYE out                │ GOODBYE out
//	                   ▼  │                        ▼                            ▼
//	                challenging               shutting down ── GOODBYE in ──► closed
//
// ABORT leads to closed from everywhere, in both directions, and is never answered.
var (
	onReceive = [...]transitions{
		PhaseOpening:      {CodeHello: PhaseJoining},
		PhaseJoining:      {CodeAbort: PhaseClosed},
		PhaseChallenging:  {CodeAuthenticate: PhaseJoining, CodeAbort: PhaseClosed},
		PhaseEstablished:  established(clientMessages[:], CodeGoodbye, PhaseLeaving),
		PhaseLeaving:      {CodeAbort: PhaseClosed},
		PhaseShuttingDown: {CodeGoodbye: PhaseClosed, CodeAbort: PhaseClosed},
		PhaseClosed:       {},
	}
	onSend = [...]transitions{
		PhaseOpening:      {CodeAbort: PhaseClosed},
		PhaseJoining:      {CodeWelcome: PhaseEstablished, CodeChallenge: PhaseChallenging, CodeAbort: PhaseClosed},
		PhaseChallenging:  {CodeAbort: PhaseClosed},
		PhaseEstablished:  established(routerMessages[:], CodeGoodbye, PhaseShuttingDown),
		PhaseLeaving:      {CodeGoodbye: PhaseClosed, CodeAbort: PhaseClosed},
		PhaseShuttingDown: {CodeAbort: PhaseClosed},
		PhaseClosed:       {},
	}

	// What each side may say while there is a session, apart from GOODBYE and ABORT.
	clientMessages = [...]Code{
		CodePublish, CodeSubscribe, CodeUnsubscribe, CodeCall, CodeCancel,
		CodeRegister, CodeUnregister, CodeYield, CodeError, eventReceived,
	}
	routerMessages = [...]Code{
		CodePublished, CodeSubscribed, CodeUnsubscribed, CodeEvent, CodeResult,
		CodeRegistered, CodeUnregistered, CodeInvocation, CodeInterrupt, CodeError,
	}
)

// transitions say to which phase each message leads. Nothing leads to the first one: it is what is not listed.
type transitions [eventReceived + 1]Phase

// eventReceived stands in moves for [CodeEventReceived], which is far from all others.
const eventReceived = CodeYield + 1

// of gives the phase that a message leads to, if it is expected.
func (t *transitions) of(code Code) (next Phase, ok bool) {
	if code == CodeEventReceived {
		code = eventReceived
	}
	if int(code) < len(t) {
		next = t[code]
	}
	return next, next != PhaseOpening
}

func established(talk []Code, goodbye Code, next Phase) transitions {
	t := transitions{CodeAbort: PhaseClosed}
	t[goodbye] = next
	for _, code := range talk {
		t[code] = PhaseEstablished
	}
	return t
}

// ignoresUnexpected reports whether the phase passes over what it does not expect: one side has ended the
// session, and the other may not know yet.
func (p Phase) ignoresUnexpected() bool {
	return p == PhaseLeaving || p == PhaseShuttingDown || p == PhaseClosed
}

// A Session is the router's side of one conversation with a client. It turns frames into messages
// of version 2 and messages into frames, and keeps both sides to the order of the protocol. It is
// not safe for concurrent use.
type Conversation struct {
	// Each connection keeps one: it is as small as it can be.
	v1            *translator // nil in version 2
	serialization Serialization
	phase         Phase
}

// NewConversation begins a conversation.
func NewConversation(e Encoding) *Conversation {
	s := &Conversation{serialization: e.Serialization()}
	if _, ok := e.(version1); ok {
		s.v1 = new(translator)
	}
	return s
}

// Phase tells how far the conversation has come.
func (s *Conversation) Phase() Phase { return s.phase }

// Encoding gives what the conversation is held in.
func (s *Conversation) Encoding() Encoding {
	if s.v1 != nil {
		return V1JSON
	}
	return version2{s.serialization}
}

// Open gives the HELLO of a client whose dialect has none: the connection itself is its HELLO. It
// names no realm. nil: the client will send its own.
func (s *Conversation) Open() *Hello {
	if s.v1 == nil || s.phase != PhaseOpening {
		return nil
	}
	s.phase = PhaseJoining
	return s.v1.hello()
}

// Receive takes a frame from the client. A nil message and a nil error ask for nothing. The message keeps
// nothing of the frame's memory.
//
// A GOODBYE asks for the router's own GOODBYE, unless the session is in PhaseClosed then: it was
// the answer to one. An error is a [Failure]; it ends the conversation, after an ABORT with it.
func (s *Conversation) Receive(frame []byte) (Message, error) {
	if s.phase == PhaseClosed {
		return nil, nil
	}
	m, err := s.decode(frame)
	if err != nil && s.phase.ignoresUnexpected() {
		return nil, nil
	}
	if m == nil || err != nil {
		return nil, err
	}
	next, ok := onReceive[s.phase].of(m.Code())
	if !ok {
		if s.phase.ignoresUnexpected() {
			return nil, nil
		}
		return nil, Violation("%s is not expected while the session is %s", m.Code(), s.phase)
	}
	s.phase = next
	return s.admit(m)
}

func (s *Conversation) decode(frame []byte) (Message, error) {
	if s.v1 != nil {
		return s.v1.receive(frame)
	}
	return decode(s.serialization, frame)
}

// admit looks at what only the router's side has to know about a message.
func (s *Conversation) admit(m Message) (Message, error) {
	switch m := m.(type) {
	case *Hello:
		// Who joins may not say what its transport knows about it: authenticators trust that.
		delete(m.Details, "transport")
	case *Error:
		if m.RequestType != CodeInvocation {
			return nil, Violation("ERROR.REQUEST.Type is %d, a client can only fail an INVOCATION (%d)", m.RequestType, CodeInvocation)
		}
	case *EventReceived:
		return nil, nil
	}
	return m, nil
}

// Append writes a message for the client behind dst and moves the conversation on. It appends
// nothing for what the dialect has no frame for, and for what comes too late: after a GOODBYE or
// an ABORT of either side.
func (s *Conversation) Append(dst []byte, m Message) ([]byte, error) {
	next, ok := onSend[s.phase].of(m.Code())
	if !ok {
		if s.phase.ignoresUnexpected() {
			return dst, nil
		}
		return dst, fmt.Errorf("send %s while the session is %s", m.Code(), s.phase)
	}
	var out []byte
	var err error
	if s.v1 != nil {
		out, err = s.v1.append(dst, m)
	} else {
		out, err = appendMessage(dst, s.serialization, m)
	}
	if err != nil {
		return dst, err
	}
	if s.phase = next; s.v1 != nil && next == PhaseShuttingDown {
		s.phase = PhaseClosed // version 1 has no GOODBYE that could be answered
	}
	return out, nil
}
