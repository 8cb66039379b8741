package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// checkPassthru refuses a payload that the router cannot read from a client that did not announce such payloads
// for the role (WAMP, "Payload Passthru Mode").
func (s *Session) checkPassthru(options wamp.Dict, announced peer.Features) error {
	if options.Passthru() == nil || s.features.Has(announced) {
		return nil
	}
	return wamp.Violation("ppt_scheme, enc_algo: this client did not announce payload_passthru_mode for the role")
}
