package calls

import (
	"maps"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Callee tells what one callee of a registration can do.
type Callee struct {
	CalleeOptions
	Has    peer.Features
	Strict bool // only what the callee has announced counts
}

// EnforcesTimeout reports whether the callee enforces timeouts itself.
func (c Callee) EnforcesTimeout() bool { return c.ForwardTimeout && c.Has.Has(peer.CalleeTimeout) }

// Progresses reports whether the callee may send progressive results. The specification also asks for call_canceling,
// which callees in use do not announce.
func (c Callee) Progresses() bool {
	return c.Has.Has(peer.CalleeSendsProgress) && (c.Has.Has(peer.CalleeInterrupt) || !c.Strict)
}

// Reroutes reports whether wamp.error.unavailable of this callee means that another callee should be asked. Callees in
// use send it without announcing call_reroute.
func (c Callee) Reroutes() bool { return !c.Strict || c.Has.Has(peer.CalleeReroute) }

// Unfit returns the reason why the callee cannot be asked, or nil.
func (c Callee) Unfit(o *Options, procedure wamp.URI) *Error {
	switch {
	case o.SendsProgress && !c.Has.Has(peer.CalleeTakesProgress), o.SendsProgress && c.Strict && !c.Has.Has(peer.CalleeInterrupt):
		return Errorf(wamp.ErrFeatureNotSupported, "the callee of %q does not take arguments in parts", procedure)
	case o.Passthru != nil && !c.Has.Has(peer.CalleePassthru):
		return Errorf(wamp.ErrFeatureNotSupported, "the callee of %q does not take payloads that the router cannot read", procedure)
	}
	return nil
}

// Details returns what the Details of the INVOCATION say of the call's options.
func (c Callee) Details(o *Options) wamp.Dict {
	details := detailsOf(o.Passthru)
	if o.Timeout > 0 && c.EnforcesTimeout() {
		details["timeout"] = o.Timeout.Milliseconds()
	}
	if o.ReceivesProgress && c.Progresses() {
		details["receive_progress"] = true
	}
	if o.SendsProgress {
		details["progress"] = true
	}
	return details
}

// FurtherDetails returns the Details of an INVOCATION for a CALL that brings further arguments, and has options of its
// own. Those of the first CALL still hold.
func (o *Options) FurtherDetails(further wamp.Dict) wamp.Dict {
	details := detailsOf(o.Passthru)
	if progress, _ := further.Bool("progress"); progress {
		details["progress"] = true
	}
	return details
}

// detailsOf returns a new Details dict with the passthru attributes of the payload.
func detailsOf(passthru wamp.Dict) wamp.Dict {
	details := wamp.Dict{}
	maps.Copy(details, passthru)
	return details
}
