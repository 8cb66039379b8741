package audit

import (
	"errors"
	"fmt"
	"strings"
)

// Report is the outcome of a comparison.
type Report struct {
	Published    int
	Acknowledged int
	Refused      int
	Unanswered   int
	Expected     int // events, over all subscriptions
	Received     int // of the expected ones
	Excused      int // missing, and told by a gap
	Gaps         int // told

	Lost       int
	Silent     int // of the lost ones
	Doubled    int
	Disordered int
	FalseYes   int
	FalseNo    int
	Foreign    int
	Alarms     int // false ones
	NeverLive  int

	Examples []string // of what is wrong
}

// maxExamples bounds the examples of a report.
const maxExamples = 12

// Err returns an error with examples if anything is wrong. A gap that was told is not wrong.
func (r *Report) Err() error {
	wrong := r.Lost + r.Doubled + r.Disordered + r.FalseYes + r.FalseNo + r.Foreign + r.Alarms + r.NeverLive
	if wrong == 0 {
		return nil
	}
	text := fmt.Sprintf("%d lost (%d silently), %d doubled, %d out of order, %d false yes, %d false no, %d foreign, %d false alarms, %d never live",
		r.Lost, r.Silent, r.Doubled, r.Disordered, r.FalseYes, r.FalseNo, r.Foreign, r.Alarms, r.NeverLive)
	return errors.New(text + "\n    " + strings.Join(r.Examples, "\n    "))
}

// count adds one to a number, with an example.
func (r *Report) count(n *int, format string, args ...any) {
	*n++
	if len(r.Examples) < maxExamples {
		r.Examples = append(r.Examples, fmt.Sprintf(format, args...))
	}
}
