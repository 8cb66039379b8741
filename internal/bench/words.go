package bench

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The latencies that people begin to notice, and that they take for a fault.
const (
	noticedMS = 100.0
	slowMS    = 1000.0
)

// Write writes the report for people: the figures, and a sentence about their meaning.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, topic %s, payloads of %s bytes\n", r.Server, r.Topic, grouped(r.Size))
	r.writeConnections(&b)
	if r.Latency != nil {
		r.writeLatency(&b)
	}
	if r.FanOut != nil {
		r.writeFanOut(&b)
		r.writeCosts(&b)
	}
	if len(r.Warnings) > 0 {
		b.WriteString("\nMind:\n")
		for _, warning := range r.Warnings {
			fmt.Fprintf(&b, "- %s\n", warning)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pages is the number of open pages of a large site.
const pages = 10_000

func (r *Report) writeConnections(b *strings.Builder) {
	c := r.Connections
	paragraph(b, "connections",
		fmt.Sprintf("%s opened, %s failed; %s a second", grouped(c.Opened), grouped(c.Failed), about(c.PerSecond)),
		fmt.Sprintf("one took %s (p50), %s (p99), with %d coming up at once", duration(c.P50), duration(c.P99), c.AtOnce),
		fmt.Sprintf("At this rate %s pages are back %s after a restart, if your backend gives tickets as fast.", grouped(pages), seconds(pages/c.PerSecond)))
}

func (r *Report) writeLatency(b *strings.Builder) {
	l := r.Latency
	meaning := "people notice that; see whether the server's machine or the network is busy."
	switch {
	case l.P99 < noticedMS:
		meaning = "people see changes at once; from about 100 ms on they notice."
	case l.P99 >= slowMS:
		meaning = "something cannot keep up; see from which --rate and --connections on."
	}
	paragraph(b, "latency",
		fmt.Sprintf("%s (p50), %s (p95), %s (p99), %s (longest) from publishing to arrival", duration(l.P50), duration(l.P95), duration(l.P99), duration(l.Max)),
		fmt.Sprintf("publications a second: %s, each to %s subscribers; %s of %s events lost", grouped(l.Rate), grouped(r.Connections.Opened), grouped(l.Lost), grouped(l.Events+l.Lost)),
		fmt.Sprintf("99 of 100 events took at most %s: %s", duration(l.P99), meaning))
}

func (r *Report) writeFanOut(b *strings.Builder) {
	f := r.FanOut
	perPerson := f.EventsPerSecond / float64(r.Connections.Opened)
	paragraph(b, "fan-out",
		fmt.Sprintf("%s events a second arrived; %s of %s lost", about(f.EventsPerSecond), grouped(f.Lost), grouped(f.Events+f.Lost)),
		fmt.Sprintf("one took %s (p50), %s (p99), with %d publications on their way at once", duration(f.P50), duration(f.P99), window),
		fmt.Sprintf("That is a change %s times a second on each of %s open pages.", about(perPerson), grouped(r.Connections.Opened)))
}

func (r *Report) writeCosts(b *strings.Builder) {
	used := "what the bench itself used is not known: " + r.BenchUnknown
	if b := r.Bench; b != nil {
		used = fmt.Sprintf("the bench itself used %.1f of %s for fan-out", b.Cores, coresOf(b.Of))
	}
	c := r.Costs
	if c == nil {
		paragraph(b, "costs", "not known: "+r.CostsUnknown, used, "With /metrics in reach, at the same address with the same key, they are.")
		return
	}
	lines := []string{
		fmt.Sprintf("%.1f µs of CPU time for an event, %s µs for a connection; %.1f cores used for fan-out", c.CPUPerEvent, about(c.CPUPerConnection), c.Cores),
		fmt.Sprintf("%s KiB of memory for a connection, %.0f MiB in all", about(c.MemoryPerConnection), c.Memory),
		used,
	}
	if c.SlowWrites > 0 {
		lines = append(lines, fmt.Sprintf("connections that took events slower than they came: %s", grouped(c.SlowWrites)))
	}
	for _, reason := range slices.Sorted(maps.Keys(c.Closes)) {
		lines = append(lines, fmt.Sprintf("connections that the server closed: %s (%s)", grouped(c.Closes[reason]), reason))
	}
	paragraph(b, "costs", append(lines, c.meaning())...)
}

func (c *Costs) meaning() string {
	if c.CPUPerEvent == 0 {
		return "Fan-out was too short to tell what an event costs: give it more --seconds."
	}
	return fmt.Sprintf("One core of the server could deliver about %s events a second, if nothing else holds it up.", about(1e6/c.CPUPerEvent))
}

// paragraph writes lines below a title. The last line says what the figures mean.
func paragraph(b *strings.Builder, title string, lines ...string) {
	b.WriteByte('\n')
	for _, line := range lines {
		fmt.Fprintf(b, "%-13s %s\n", title, line)
		title = ""
	}
}

// describe returns reasons in one line.
func describe(reasons []Reason) string {
	if len(reasons) == 0 {
		return "no reason is known"
	}
	parts := make([]string, len(reasons))
	for i, r := range reasons {
		parts[i] = fmt.Sprintf("%s × %s", grouped(r.Count), r.Reason)
	}
	return strings.Join(parts, "; ")
}

// duration formats milliseconds with two or three significant digits.
func duration(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < slowMS:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.1f s", s)
	}
	return grouped(int(s)) + " s"
}

// about formats a number with three significant digits. Further digits differ from run to run.
func about(n float64) string {
	if n < 100 {
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-2)
	return grouped(int64(math.Round(n/unit) * unit))
}

// grouped formats a number with commas between thousands.
func grouped[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func coresOf(n int) string {
	if n == 1 {
		return "1 core"
	}
	return strconv.Itoa(n) + " cores"
}
