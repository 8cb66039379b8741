package router

import (
	"log/slog"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A message with a payload that cannot be passed on fails alone, and its session goes on:
//
//	message   refused by
//	PUBLISH   ERROR to a publisher that asked for an acknowledgement
//	CALL      ERROR to the caller; a call that is continued ends, as if the caller had canceled it
//	YIELD     ERROR to the caller, and a notice to the callee
//	ERROR     its URI to the caller, without its payload, and a notice to the callee
//	others    nothing: the payload has no effect
//
// The notice is an ERROR for the YIELD or ERROR. WAMP has no such message, and most clients take it for a protocol
// violation, so only callees that announced the feature _yield_errors receive it.

// refusePayload handles a message whose payload was refused, and which has no payload now.
func (s *Session) refusePayload(message wamp.Message, flaw error) (handled bool, err error) {
	switch m := message.(type) {
	case *wamp.Publish:
		s.countBadPayload(message, flaw)
		s.refusePublication(m, flaw)
	case *wamp.Call:
		s.countBadPayload(message, flaw)
		return true, s.refuseArguments(m, flaw)
	case *wamp.Yield:
		s.countBadPayload(message, flaw)
		return true, s.refuseResult(m, flaw)
	case *wamp.Error:
		s.countBadPayload(message, flaw)
		m.Payload = s.textPayload("the error's arguments cannot be passed on: " + wamp.TextOf(flaw))
		s.notifyCallee(m.Code(), m.Request, flaw)
		return false, nil
	default:
		return false, nil
	}
	return true, nil
}

// refusePublication answers a PUBLISH that was refused, if its publisher waits for an answer.
func (s *Session) refusePublication(m *wamp.Publish, err error) {
	if acknowledge, _ := m.Options.Bool("acknowledge"); acknowledge {
		s.replyError(m, err)
		return
	}
	s.realm.router.counters.Unanswered.Add(1)
	if log, on := s.debug(); on {
		log.Debug("a publication was refused, and its publisher did not ask for an answer", "topic", string(m.Topic), "error", err)
	}
}

// refuseArguments answers a CALL. Its call may have begun with an earlier CALL.
func (s *Session) refuseArguments(m *wamp.Call, flaw error) error {
	part, err := s.continuation(m)
	switch {
	case err != nil:
		return err
	case part.of != nil:
		part.of.end(calls.Answer{Err: s.realm.router.asCallError(flaw)}, calls.KillNoWait)
	case !part.late:
		streams, _ := m.Options.Bool("progress")
		s.refuseCall(m, flaw, streams)
	}
	return nil
}

// refuseResult answers the call of a YIELD. A part of a result ends the call, because later parts make no sense.
func (s *Session) refuseResult(m *wamp.Yield, flaw error) error {
	refusal := calls.Answer{Err: calls.Errorf(wamp.ErrInvalidArgument, "the result cannot be passed on: %s", wamp.TextOf(flaw))}
	if progress, _ := m.Options.Bool("progress"); progress {
		held, err := s.invocation(m.Request)
		if held.call != nil {
			s.notifyCallee(m.Code(), m.Request, flaw)
			held.call.end(refusal, calls.KillNoWait)
		}
		return err
	}
	held, err := s.takeInvocation(m.Request)
	if held.call != nil {
		s.notifyCallee(m.Code(), m.Request, flaw)
		held.call.finish(refusal)
	}
	return err
}

// notifyCallee tells a callee that its answer to an invocation was refused.
func (s *Session) notifyCallee(answer wamp.Code, invocation wamp.ID, flaw error) {
	if !s.features.Has(peer.CalleeTakesErrors) {
		return
	}
	notice := wamp.Error{RequestType: answer, Request: invocation, Details: wamp.Dict{}}
	if answer == wamp.CodeError {
		notice.RequestType = wamp.CodeInvocation
	}
	notice.Error, notice.Payload = s.errorOf(flaw)
	s.client.send(&notice)
}

func (s *Session) countBadPayload(message wamp.Message, flaw error) {
	s.realm.router.counters.BadPayloads.Add(1)
	if log, on := s.debug(); on {
		log.Debug("a payload was refused", "message", message.Code().String(), "error", flaw)
	}
}

// debug returns where details of the session are logged: clients can cause any number of them. It returns false if
// details are not logged.
func (s *Session) debug() (*slog.Logger, bool) {
	logger := s.realm.router.options.Logger
	if !logger.Enabled(s.realm.router.running, slog.LevelDebug) {
		return nil, false
	}
	return logger.With("session", uint64(s.id), "user", s.Identity().ID), true
}
