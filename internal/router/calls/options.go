package calls

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Options are the options of a CALL that matter for its callee.
type Options struct {
	Passthru         wamp.Dict     // how clients read the payload, if the router cannot
	Timeout          time.Duration // 0: none
	ReceivesProgress bool          // the caller takes progressive results
	SendsProgress    bool          // the caller sends progressive invocations
}

// maxTimeout keeps the arithmetic of timeouts in range.
const maxTimeout = 365 * 24 * time.Hour

// ParseOptions reads CALL.Options.
func ParseOptions(options wamp.Dict) (o Options) {
	if len(options) == 0 {
		return o
	}
	o.Passthru = options.Passthru()
	o.ReceivesProgress, _ = options.Bool("receive_progress")
	o.SendsProgress, _ = options.Bool("progress")
	if ms, _ := options.Int("timeout"); ms > 0 {
		o.Timeout = time.Duration(min(ms, maxTimeout.Milliseconds())) * time.Millisecond
	}
	return o
}

// Mode is a mode of CANCEL and INTERRUPT (WAMP, "Call Canceling").
//
//	mode        INTERRUPT   the caller hears            the callee's answer
//	skip        no          ERROR canceled at once      is discarded
//	killnowait  yes         ERROR canceled at once      is discarded, and need not come
//	kill        yes         what the callee answers     is the answer
//
// A callee that did not announce call_canceling is never interrupted: every mode is skip then.
type Mode string

// The modes.
const (
	Skip       Mode = "skip"
	Kill       Mode = "kill"
	KillNoWait Mode = "killnowait"
)

// ParseMode reads CANCEL.Options. The specification names no default; clients expect KillNoWait.
func ParseMode(options wamp.Dict) (Mode, error) {
	mode, given := options.String("mode")
	switch {
	case !given:
		return KillNoWait, nil
	case mode == string(Skip), mode == string(Kill), mode == string(KillNoWait):
		return Mode(mode), nil
	}
	return "", wamp.Violation("CANCEL: Options.mode must be skip, kill or killnowait")
}

// CalleeOptions are the options of a REGISTER.
type CalleeOptions struct {
	DiscloseCaller bool // invocations name the caller
	ForwardTimeout bool // the callee wants to enforce timeouts itself
	Concurrency    int  // the most pending calls; 0: no limit
}

// maxConcurrency fits any int, and is as good as no limit.
const maxConcurrency = 1 << 30

// ParseCalleeOptions reads REGISTER.Options.
func ParseCalleeOptions(options wamp.Dict) (o CalleeOptions) {
	o.DiscloseCaller, _ = options.Bool("disclose_caller")
	o.ForwardTimeout, _ = options.Bool("forward_timeout")
	concurrency, _ := options.Int("concurrency")
	o.Concurrency = int(min(concurrency, maxConcurrency))
	return o
}
