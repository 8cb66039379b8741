package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tidings-io/tidings/internal/bench"
)

// progress shows the progress of a command: at a terminal as a bar that disappears, elsewhere as a line for each step.
type progress struct {
	err  io.Writer
	bars io.Writer // nil: lines
	step string
	bar  *progressbar.ProgressBar // nil: none is shown
}

func newProgress(err io.Writer) *progress {
	p := &progress{err: err}
	if file, ok := err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bars = err
	}
	return p
}

func (p *progress) show(now bench.Progress) {
	if now.Step != p.step {
		p.end()
		p.step = now.Step
		p.begin(now)
	}
	if p.bar != nil {
		_ = p.bar.Set(now.Done) // a bar that cannot be drawn is no reason to stop
	}
}

func (p *progress) begin(now bench.Progress) {
	if p.bars == nil {
		fmt.Fprintf(p.err, "measuring %s\n", now.Step)
		return
	}
	p.bar = progressbar.NewOptions(now.Total,
		progressbar.OptionSetWriter(p.bars),
		progressbar.OptionSetDescription(fmt.Sprintf("%-11s", now.Step)),
		progressbar.OptionSetWidth(40),
		progressbar.OptionThrottle(throttle),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)
}

// throttle is the pause between two drawings. Drawing must not take CPU time from the measurement.
const throttle = 100 * time.Millisecond

// end removes the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
