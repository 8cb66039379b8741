package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/scenario"
)

// progress shows the progress of the run on standard error: a bar on a terminal, otherwise a line for each
// measurement.
type progress struct {
	rounds int
	bar    *progressbar.ProgressBar // nil: lines
}

func newProgress(scenarios []scenario.Scenario, rounds int) *progress {
	p := &progress{rounds: rounds}
	total := 0
	for _, s := range scenarios {
		total += len(s.Variants) * rounds
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionShowCount(),
			progressbar.OptionFullWidth(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
		)
	}
	return p
}

// begins shows the measurement that begins.
func (p *progress) begins(m report.Measurement) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s, %s, round %d of %d", m.Scenario, m.Server, m.Round, p.rounds))
	}
}

// ends shows the result of a measurement.
func (p *progress) ends(m report.Measurement, err error) {
	switch {
	case p.bar != nil:
		_ = p.bar.Add(1) // a failure to draw the bar must not end the run
	case err == nil:
		fmt.Fprintf(os.Stderr, "%-26s %-20s %d/%d %s\n", m.Scenario, m.Server, m.Round, p.rounds, line(m.Figures))
	}
	if err != nil {
		p.complain(os.Stderr, err)
	}
}

func (p *progress) complain(w io.Writer, err error) {
	if p.bar != nil {
		_ = p.bar.Clear() // a failure to draw the bar must not end the run
	}
	fmt.Fprintln(w, "failed:", err)
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // a failure to draw the bar must not end the run
		fmt.Fprintln(os.Stderr)
	}
}

func line(figures scenario.Figures) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		parts = append(parts, fmt.Sprintf("%s %.4g", name, figures[name]))
	}
	return strings.Join(parts, "  ")
}
