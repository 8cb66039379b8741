package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// unit is the unit of a figure.
type unit string

const (
	microseconds unit = "µs"
	kibibytes    unit = "KiB"
	count        unit = ""
	share        unit = "%" // measured from 0 to 1
	times        unit = "×"
	seconds      unit = "s"
)

// figure describes a measured value on the page.
type figure struct {
	name  string
	title string
	unit  unit
}

// figures lists the columns of the tables, in their order.
var figures = []figure{
	{CPUPerEvent, "CPU per event", microseconds},
	{CPUPerPublication, "CPU per publication", microseconds},
	{CPUPerCall, "CPU per call", microseconds},
	{CPUPerConnection, "CPU per connection", microseconds},
	{CPUPerResume, "CPU per resumed client", microseconds},
	{RSSPerConnection, "memory per connection", kibibytes},
	{OneByOnePerSecond, "one after another, per second", count},
	{PublicationsPerSecond, "64 in flight, per second", count},
	{GroupGain, "64 in flight, divided by one after another", times},
	{PublishersPerSecond, "64 publishers, per second", count},
	{Clients, "clients", count},
	{Seconds, "time until all are back", seconds},
	{StoreReads, "reads of the store", count},
	{EventsPerSecond, "events per second", count},
	{CallsPerSecond, "calls per second", count},
	{LatencyP50, "latency p50", microseconds},
	{LatencyP99, "latency p99", microseconds},
	{LatencyP999, "latency p99.9", microseconds},
	{ServerBusy, "server's core", share},
	{GeneratorBusy, "generator's core", share},
}

func figurePlace(name string) int {
	i := slices.IndexFunc(figures, func(f figure) bool { return f.name == name })
	if i < 0 {
		return len(figures)
	}
	return i
}

// compareFigures orders figures by the columns of the page. Unknown figures come last.
func compareFigures(a, b string) int {
	return cmp.Or(cmp.Compare(figurePlace(a), figurePlace(b)), cmp.Compare(a, b))
}

// figureOf describes a figure. An unknown figure is shown as it was measured.
func figureOf(name string) figure {
	if i := figurePlace(name); i < len(figures) {
		return figures[i]
	}
	return figure{name: name, title: name, unit: count}
}

// heading returns the head of the figure's column.
func (f figure) heading() string {
	if f.unit == count {
		return f.title
	}
	return f.title + ", " + string(f.unit)
}

// value formats a number of the figure, without its unit.
func (f figure) value(v float64) string {
	if f.unit == share {
		v *= 100
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return number(v)
}

// withUnit formats a number of the figure with its unit.
func (f figure) withUnit(v float64) string {
	return strings.TrimSpace(f.value(v) + " " + string(f.unit))
}

// number formats three significant digits. Rounds agree on fewer.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if digits > 0 {
		return strconv.FormatFloat(v, 'f', digits, 64)
	}
	scale := math.Pow10(-digits)
	return grouped(int64(math.Round(v/scale) * scale))
}

// grouped formats an integer with a comma for each thousand.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
