package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/wamp"
)

// maxAnsweredEarly is how many calls a session is remembered for that were answered before their last
// arguments came. A well-behaved caller stops sending when it hears the answer: what is still on its
// way then is for a handful of calls.
const maxAnsweredEarly = 64

// progress passes a part of the result on to a caller that asked for parts, and gives the callee its
// time again (WAMP, "Progressive Call Results"). A caller that did not ask would take it for all.
func (c *call) progress(a answer) {
	if !c.progressive || c.caller == nil {
		return
	}
	payload, err := a.payload.In(c.caller.Encoding().Serialization())
	if err != nil {
		c.end(answer{err: callError(wamp.ErrInvalidArgument,
			"a part of the result cannot be expressed in the caller's serialization: %s", err)}, cancelKillNoWait)
		return
	}
	if err := c.caller.checkReadable(a.passthru); err != nil {
		c.end(answer{err: err}, cancelKillNoWait)
		return
	}
	details := detailsOf(a.passthru)
	details["progress"] = true
	client := c.caller.client
	client.mu.Lock()
	defer client.mu.Unlock()
	if c.advance() { // under the lock that the answer is queued under: nothing comes after that
		client.sendLocked(&wamp.Result{Request: c.request, Details: details, Payload: payload})
	}
}

// advance notes that a part of the answer goes out; false if the answer itself is on its way.
func (c *call) advance() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed {
		return false
	}
	c.started = true
	if c.timer != nil && !c.killed {
		c.timer.Reset(c.timeout)
	}
	return true
}

// continuation is what a CALL is to the calls before it.
type continuation struct {
	of   *call // it goes on with this one
	late bool  // it goes on with one that is answered
}

// continuation finds out whether a CALL goes on with an earlier one (WAMP, "Progressive Call Invocations").
func (s *Session) continuation(m *wamp.Call) (continuation, error) {
	progress, _ := m.Options.Bool("progress")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	c := s.calls[m.Request]
	switch {
	case c == nil && s.takeAnsweredEarlyLocked(m.Request, !progress):
		return continuation{late: true}, nil
	case c == nil && s.strict() && m.Request != s.lastRequest:
		return continuation{}, wamp.Violation("CALL %d goes on with no call", m.Request)
	case c == nil:
		return continuation{}, nil
	case !c.more:
		return continuation{}, wamp.Violation("CALL %d is pending: its request id is in use", m.Request)
	case c.procedure != m.Procedure:
		return continuation{}, wamp.Violation("CALL %d goes on with a call of %q, not of %q", m.Request, c.procedure, m.Procedure)
	case (m.Options.Passthru() == nil) != (c.passthru == nil):
		return continuation{}, wamp.Violation("CALL %d goes on with a call whose payload was passed otherwise", m.Request)
	}
	c.more = progress
	return continuation{of: c}, nil
}

// continueCall passes more arguments of a call on to who was asked at its beginning. The Authorizer sees
// every part: it may look at payloads.
func (s *Session) continueCall(ctx context.Context, c *call, m *wamp.Call) {
	if _, err := s.authorize(ctx, Request{Session: s, Action: Call, URI: m.Procedure, Payload: m.Payload}); err != nil {
		c.end(answer{err: s.realm.router.asCallError(err)}, cancelKillNoWait)
		return
	}
	callee, invocation := c.working()
	if callee == nil {
		return
	}
	payload, err := m.Payload.In(callee.session.Encoding().Serialization())
	if err != nil {
		c.end(answer{err: inexpressible(err)}, cancelKillNoWait)
		return
	}
	details := detailsOf(c.passthru) // all that was said at the beginning still holds
	if progress, _ := m.Options.Bool("progress"); progress {
		details["progress"] = true
	}
	if callee.registration.match != wamp.MatchExact {
		details["procedure"] = string(c.procedure)
	}
	callee.session.askMore(c, &wamp.Invocation{
		Request: invocation, Registration: callee.registration.id, Details: details, Payload: payload,
	})
}

func (c *call) working() (*callee, wamp.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.assigned.callee, c.assigned.invocation
}

// askMore queues a further INVOCATION of a call, unless it is answered.
func (s *Session) askMore(c *call, invocation *wamp.Invocation) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if held := s.invocations[invocation.Request]; held.call == c {
		held.more = true
		s.invocations[invocation.Request] = held
		s.client.sendLocked(invocation)
	}
}

// noteAnsweredEarlyLocked notes a call that was answered while its caller may have more to say.
func (s *Session) noteAnsweredEarlyLocked(request wamp.ID) {
	if len(s.answeredEarly) == maxAnsweredEarly {
		s.answeredEarly = s.answeredEarly[:copy(s.answeredEarly, s.answeredEarly[1:])]
	}
	s.answeredEarly = append(s.answeredEarly, request)
}

// takeAnsweredEarlyLocked reports whether the call was answered before its last arguments came, and forgets it
// once they have.
func (s *Session) takeAnsweredEarlyLocked(request wamp.ID, last bool) bool {
	for i, cut := range s.answeredEarly {
		if cut == request {
			if last {
				s.answeredEarly = append(s.answeredEarly[:i], s.answeredEarly[i+1:]...)
			}
			return true
		}
	}
	return false
}
