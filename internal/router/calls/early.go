package calls

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// maxEarly bounds the calls of a session that were answered before their last arguments came. A caller stops sending
// when it receives the answer, so only a few calls can have arguments under way.
const maxEarly = 64

// Early holds the calls of one session that were answered before their last arguments came. A lock of the caller
// guards it.
type Early struct{ requests []wamp.ID }

// Note records a call.
func (e *Early) Note(request wamp.ID) {
	if len(e.requests) == maxEarly {
		e.requests = e.requests[:copy(e.requests, e.requests[1:])]
	}
	e.requests = append(e.requests, request)
}

// Take reports whether the call is recorded, and removes it with the last of its arguments.
func (e *Early) Take(request wamp.ID, last bool) bool {
	i := slices.Index(e.requests, request)
	if i >= 0 && last {
		e.requests = slices.Delete(e.requests, i, i+1)
	}
	return i >= 0
}
