package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// bars is a panel that shows one figure for each server.
type bars struct {
	title  string
	figure figure
	bars   []bar
}

type bar struct {
	server string
	Spread
}

func (b bars) rows() int { return len(b.bars) }

func (b bars) plot(rows int) (*plot.Plot, error) {
	servers := make([]string, len(b.bars))
	highest := 0.0
	for i, bar := range b.bars {
		servers[i] = bar.server
		highest = max(highest, bar.Max)
	}
	p := axes(b.title, b.figure.heading(), servers, rows)
	p.X.Min, p.X.Max = 0, max(highest, math.SmallestNonzeroFloat32)*1.2 // room for the number after the longest bar
	p.X.Tick.Marker = plot.TickerFunc(roundTicks)
	p.Add(upright())
	for i, bar := range b.bars {
		if err := addBar(p, bar, place(i)); err != nil {
			return nil, err
		}
	}
	return p, b.addNumbers(p)
}

func addBar(p *plot.Plot, b bar, at float64) error {
	drawn, err := plotter.NewBarChart(plotter.Values{b.Median}, rowHeight*0.62)
	if err != nil {
		return fmt.Errorf("make a bar: %w", err)
	}
	drawn.Horizontal, drawn.XMin, drawn.LineStyle.Width = true, at, 0
	drawn.Color = colorOf(b.server)
	p.Add(drawn)
	if b.Min == b.Max {
		return nil
	}
	whisker, err := plotter.NewXErrorBars(struct {
		plotter.XYs
		plotter.XErrors
	}{
		plotter.XYs{{X: b.Median, Y: at}},
		plotter.XErrors{{Low: b.Median - b.Min, High: b.Max - b.Median}},
	})
	if err != nil {
		return fmt.Errorf("make a whisker: %w", err)
	}
	whisker.Color, whisker.Width, whisker.CapWidth = ink, 0.7, 5
	p.Add(whisker)
	return nil
}

// addNumbers writes the median after each bar.
func (b bars) addNumbers(p *plot.Plot) error {
	var at plotter.XYLabels
	for i, bar := range b.bars {
		at.XYs = append(at.XYs, plotter.XY{X: bar.Max, Y: place(i)})
		at.Labels = append(at.Labels, b.figure.value(bar.Median))
	}
	numbers, err := plotter.NewLabels(at)
	if err != nil {
		return fmt.Errorf("write numbers: %w", err)
	}
	numbers.Offset = vg.Point{X: 4, Y: 1.5} // right of the whisker, and level with the names
	for i := range numbers.TextStyle {
		numbers.TextStyle[i].Font, numbers.TextStyle[i].Color = sans(9), ink
		numbers.TextStyle[i].YAlign = text.YCenter
	}
	p.Add(numbers)
	return nil
}

// upright returns a grid of vertical lines at the ticks.
func upright() *plotter.Grid {
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Vertical.Width = faint, vg.Length(0.5)
	grid.Horizontal.Color, grid.Horizontal.Width = color.Transparent, 0
	return grid
}

// roundTicks divides the axis at multiples of 1, 2 or 5 times a power of ten. The library's own ticks may be 9 and
// 99.
func roundTicks(least, most float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((most-least)/maxTicks)))
	for _, times := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (most-least)/step > maxTicks {
			step *= times
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(least / step); i*step <= most; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: tickText(i * step)})
	}
	return ticks
}

const maxTicks = 5 // numbers of five digits still fit

func tickText(v float64) string {
	if v >= 1000 {
		return grouped(int64(v))
	}
	return fmt.Sprintf("%.3g", v)
}
