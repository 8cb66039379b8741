package report

import (
	"fmt"
	"maps"
	"slices"
)

// limitedMark refers to the footnote below a table.
const limitedMark = " ¹"

// limitedNote is the footnote of limitedMark.
var limitedNote = "\n\n" + wrapped("¹ The generator was busy for more than 90 % of the time and may have been the limit: "+
	"the server could perhaps have delivered more, or faster.")

// resultTable returns a table of a scenario, with a row for each server and a column for each figure.
func resultTable(r results, scenario string) string {
	names := r.figures(scenario)
	t := table{head: []string{"server"}, numbers: len(names)}
	for _, name := range names {
		t.head = append(t.head, figureOf(name).heading())
	}
	limited := false
	for _, server := range r.servers(scenario) {
		row := []string{emphasized(server, server)}
		if r.generatorLimited(scenario, server) {
			row[0] += limitedMark
			limited = true
		}
		for _, name := range names {
			row = append(row, spreadCell(server, figureOf(name), r[cell{scenario, server, name}]))
		}
		t.rows = append(t.rows, row)
	}
	if limited {
		return t.markdown() + limitedNote
	}
	return t.markdown()
}

// spreadCell returns the median, with the least and the most of all rounds if they differ.
func spreadCell(server string, f figure, s Spread) string {
	if s.Rounds == 0 {
		return ""
	}
	text := emphasized(server, f.value(s.Median))
	if low, high := f.value(s.Min), f.value(s.Max); low != high {
		text += fmt.Sprintf(" (%s to %s)", low, high)
	}
	return text
}

// growthTable returns a table of the ratios between the costs of two scenarios, or "" if no server has both.
func growthTable(r results, g growth) string {
	t := table{head: []string{"server", "growth"}, numbers: 1}
	for _, server := range r.servers(g.to) {
		if times := r.growth(g.from, g.to, server, scenarioOf(g.to).cost); times > 0 {
			t.rows = append(t.rows, []string{emphasized(server, server), emphasized(server, number(times)+" ×")})
		}
	}
	if len(t.rows) == 0 {
		return ""
	}
	return t.markdown()
}

func verdictTable(verdicts []Verdict) string {
	t := table{head: []string{"what", "target", "measured", "reached"}}
	limited := false
	for _, v := range verdicts {
		measured := v.Measured
		if v.Limited && measured != "" {
			measured += limitedMark
			limited = true
		}
		t.rows = append(t.rows, []string{v.What, v.Target, measured, v.Answer.emphasized()})
	}
	if limited {
		return t.markdown() + limitedNote
	}
	return t.markdown()
}

// emphasized returns the answer; a missed target is bold.
func (a Answer) emphasized() string {
	if a == Missed {
		return "**no**"
	}
	return string(a)
}

// serverTable lists the measured servers with their versions.
func serverTable(run Run) string {
	names := map[string]bool{}
	for _, m := range run.Measurements {
		names[m.Server] = true
	}
	sorted := slices.SortedFunc(maps.Keys(names), compareServers)
	t := table{head: []string{"server", "", "version"}}
	for _, name := range sorted {
		t.rows = append(t.rows, []string{emphasized(name, name), serverWhat(name), run.Machine.Servers[name]})
	}
	return t.markdown()
}
