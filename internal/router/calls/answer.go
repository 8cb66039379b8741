package calls

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Answer is the one answer to a call: a result, or an error of the callee or the router.
type Answer struct {
	Payload  wamp.Payload
	Passthru wamp.Dict // how clients read the payload, if the router cannot
	Err      *Error
}

// Message returns the RESULT or ERROR for a CALL in the caller's serialization. If the payload cannot be expressed
// there, or the caller did not announce that it can read it, the message is an ERROR that says so.
func (a Answer) Message(request wamp.ID, s wamp.Serialization, caller peer.Features) wamp.Message {
	if err := a.checkReadable(caller); err != nil {
		a = Answer{Err: err}
	}
	if a.Err == nil {
		payload, err := a.Payload.In(s)
		if err == nil {
			return &wamp.Result{Request: request, Details: detailsOf(a.Passthru), Payload: payload}
		}
		a.Err = Errorf(wamp.ErrInvalidArgument, "the result cannot be expressed in the caller's serialization: %s", err)
	}
	payload, err := a.Err.Payload.In(s)
	if err != nil {
		payload, a.Passthru = wamp.TextPayload("the error's arguments cannot be expressed in the caller's serialization", s), nil
	}
	return &wamp.Error{
		RequestType: wamp.CodeCall,
		Request:     request,
		Details:     detailsOf(a.Passthru),
		Error:       a.Err.URI,
		Payload:     payload,
	}
}

// Part returns the answer as a part of a result, in the caller's serialization.
func (a Answer) Part(request wamp.ID, s wamp.Serialization, caller peer.Features) (*wamp.Result, *Error) {
	payload, err := a.Payload.In(s)
	if err != nil {
		return nil, Errorf(wamp.ErrInvalidArgument, "a part of the result cannot be expressed in the caller's serialization: %s", err)
	}
	if err := a.checkReadable(caller); err != nil {
		return nil, err
	}
	details := detailsOf(a.Passthru)
	details["progress"] = true
	return &wamp.Result{Request: request, Details: details, Payload: payload}, nil
}

// Result returns the answer to a call from inside the server.
func (a Answer) Result() (wamp.Payload, error) {
	if a.Err != nil {
		return wamp.Payload{}, a.Err
	}
	return a.Payload, nil
}

// checkReadable returns the error for a caller that did not announce that it can read such a payload, or nil.
func (a Answer) checkReadable(caller peer.Features) *Error {
	if a.Passthru == nil || caller.Has(peer.CallerPassthru) {
		return nil
	}
	return Errorf(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that this caller did not announce: payload_passthru_mode")
}
