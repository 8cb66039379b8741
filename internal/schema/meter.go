package schema

import (
	"context"
	"regexp/syntax"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// stepsBetweenChecks is how often a validation looks whether its context has ended: some times in a millisecond.
	stepsBetweenChecks = 1024
	// maxRegexpWork bounds what the regular expressions of one validation may do: bytes times instructions. Go's
	// expressions take linear time, but x{1,1000} has 2,000 instructions, and each byte may pass all of them.
	maxRegexpWork = 1 << 28
	// regexpWorkPerStep is the work of regular expressions that costs about as much as one step.
	regexpWorkPerStep = 128
	// unmeasuredRegexpWork is counted as it is. More is measured, because most expressions do much less than they could.
	unmeasuredRegexpWork = 1 << 14
	// regexpWorkTime is the shortest time in which an expression passes one instruction.
	regexpWorkTime = 4 * time.Nanosecond
	// enoughMismatches is after how many mistakes the loops over items and members stop at their first one.
	enoughMismatches = maxComplaints + 1
)

// meter bounds one validation at a time. A step is a schema that is held against a value, or something that takes about
// as long.
type meter struct {
	ctx        context.Context
	steps      int // that are left
	nextCheck  int // of ctx, when so many steps are left
	regexpWork int // that is left
	mismatches int
	stopped    error // why the validation must end
}

// start begins a validation.
func (m *meter) start(ctx context.Context, steps int) {
	*m = meter{ctx: ctx, steps: steps, nextCheck: steps, regexpWork: maxRegexpWork}
}

// stop ends a validation, and returns why it had to end early, or nil.
func (m *meter) stop() error {
	m.ctx = nil
	return m.stopped
}

// spend reports whether the validation may take n more steps. Once it has reported false it keeps to that.
func (m *meter) spend(n int) bool {
	if m.stopped != nil {
		return false
	}
	m.steps -= n
	if m.steps < 0 {
		m.stopped = ErrTooCostly
		return false
	}
	if m.steps <= m.nextCheck {
		m.nextCheck = m.steps - stepsBetweenChecks
		m.stopped = m.ctx.Err()
	}
	return m.stopped == nil
}

// spendRegexp is spend for the work of a regular expression.
func (m *meter) spendRegexp(work int) bool {
	if m.regexpWork -= work; m.regexpWork < 0 && m.stopped == nil {
		m.stopped = ErrTooCostly
	}
	return m.spend(1 + work/regexpWorkPerStep)
}

// mismatch counts a mistake, and reports whether a loop may look for more.
func (m *meter) mismatch() (goOn bool) {
	m.mismatches++
	return m.mismatches < enoughMismatches && m.stopped == nil
}

// meteredRegexp counts the work of a regular expression.
type meteredRegexp struct {
	jsonschema.Regexp
	meter        *meter
	instructions int
}

func (m *meter) regexp(r jsonschema.Regexp) jsonschema.Regexp {
	return &meteredRegexp{Regexp: r, meter: m, instructions: Instructions(r.String())}
}

// MatchString implements [jsonschema.Regexp].
func (r *meteredRegexp) MatchString(text string) bool {
	work := len(text) * r.instructions
	if work <= unmeasuredRegexpWork {
		return r.meter.spendRegexp(work) && r.Regexp.MatchString(text)
	}
	if work > maxRegexpWork {
		return r.meter.spendRegexp(work)
	}
	began := time.Now()
	matched := r.Regexp.MatchString(text)
	return r.meter.spendRegexp(min(work, int(time.Since(began)/regexpWorkTime))) && matched
}

// Instructions returns the number of instructions of a regular expression that package regexp can compile. A text of n
// bytes takes at most n times as many steps.
func Instructions(text string) int {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 1
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 1
	}
	return len(program.Inst)
}

// maxRegexpBytes bounds a regular expression in a value, which format: regex checks. One byte of it may stand for
// hundreds of ranges of characters.
const maxRegexpBytes = 1024

// checkRegexp checks the format regex. It does not compile the expression: (x{1000}){1000} would take memory.
func checkRegexp(value any) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	if len(text) > maxRegexpBytes {
		return jsonschema.LocalizableError("more than %d bytes long", maxRegexpBytes)
	}
	_, err := syntax.Parse(text, syntax.Perl)
	return err
}

var _ jsonschema.Regexp = (*meteredRegexp)(nil)
