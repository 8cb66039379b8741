package router

import "github.com/tidings-io/tidings/internal/wamp"

// mayPass refuses payload that only clients can read from a client that did not announce that it
// deals in it (WAMP, "Payload Passthru Mode").
func (s *Session) mayPass(options wamp.Dict, announced features) error {
	if options.Passthru() == nil || s.features.has(announced) {
		return nil
	}
	return wamp.Violation("ppt_scheme, enc_algo: this client did not announce payload_passthru_mode for the role")
}

// unreadable is the answer to a caller that could not read the one that came.
func (s *Session) unreadable(passthru wamp.Dict) *CallError {
	if passthru == nil || s.features.has(callerPasses) {
		return nil
	}
	return callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that this caller did not announce: payload_passthru_mode")
}
