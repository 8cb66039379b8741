package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// latencies is a panel that shows the latency percentiles of each server. Its axis is logarithmic, because servers
// and percentiles differ by powers of ten.
type latencies struct {
	title string
	lines []latency
}

// percentiles lists the marks of a line.
var percentiles = [3]string{LatencyP50, LatencyP99, LatencyP999}

type latency struct {
	server  string
	medians [len(percentiles)]float64 // 0: not measured
}

func (l latencies) rows() int { return len(l.lines) }

func (l latencies) plot(rows int) (*plot.Plot, error) {
	servers := make([]string, len(l.lines))
	least, most := math.Inf(1), 0.0
	for i, line := range l.lines {
		servers[i] = line.server
		for _, v := range line.measured() {
			least, most = min(least, v), max(most, v)
		}
	}
	p := axes(l.title, "latency:\u00a0 ● p50\u00a0 ■ p99\u00a0 ▲ p99.9", servers, rows)
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = least/1.3, most*1.3
	p.X.Tick.Marker = plot.TickerFunc(timeTicks)
	p.Add(upright())
	for i, line := range l.lines {
		if err := line.add(p, place(i)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// measured lists the measured times.
func (l latency) measured() []float64 {
	return slices.DeleteFunc(slices.Clone(l.medians[:]), func(v float64) bool { return v <= 0 })
}

// add draws a line from the first mark to the last.
func (l latency) add(p *plot.Plot, at float64) error {
	measured := l.measured()
	line, err := plotter.NewLine(plotter.XYs{{X: slices.Min(measured), Y: at}, {X: slices.Max(measured), Y: at}})
	if err != nil {
		return fmt.Errorf("draw a line: %w", err)
	}
	line.Color, line.Width = colorOf(l.server), 1.5
	p.Add(line)
	shapes := [len(percentiles)]draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}}
	for i, v := range l.medians {
		if v <= 0 {
			continue
		}
		mark, err := plotter.NewScatter(plotter.XYs{{X: v, Y: at}})
		if err != nil {
			return fmt.Errorf("draw a mark: %w", err)
		}
		mark.GlyphStyle = draw.GlyphStyle{Color: markColor(l.server), Radius: vg.Length(3.4), Shape: shapes[i]}
		p.Add(mark)
	}
	return nil
}

// markColor is darker than a bar's, because a mark is smaller.
func markColor(server string) color.Color {
	if isTidings(server) {
		return accent
	}
	return color.NRGBA{0x6b, 0x75, 0x80, 0xff}
}

// timeTicks returns ticks at 1, 2 and 5 times each power of ten microseconds. Over more than two powers the labels
// would overlap, so the ticks are at 1 and 3.
func timeTicks(least, most float64) []plot.Tick {
	digits := []float64{1, 2, 5}
	if most/least > 100 {
		digits = []float64{1, 3}
	}
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(least)); power <= math.Ceil(math.Log10(most)); power++ {
		for _, digit := range digits {
			if v := digit * math.Pow(10, power); v >= least && v <= most {
				ticks = append(ticks, plot.Tick{Value: v, Label: timeText(v)})
			}
		}
	}
	return ticks
}

// timeText formats microseconds in the largest unit that gives at least one.
func timeText(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%g s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%g ms", us/1e3)
	}
	return fmt.Sprintf("%g µs", us)
}
