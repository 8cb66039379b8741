package report

import (
	"maps"
	"slices"
)

// cell is one figure of one server in one scenario.
type cell struct{ scenario, server, figure string }

// results holds a run with its rounds combined.
type results map[cell]Spread

func resultsOf(run Run) results {
	values := map[cell][]float64{}
	for _, m := range run.Measurements {
		for figure, value := range m.Figures {
			c := cell{m.Scenario, m.Server, figure}
			values[c] = append(values[c], value)
		}
	}
	r := results{}
	for c, v := range values {
		if s := SpreadOf(v); s.Rounds > 0 {
			r[c] = s
		}
	}
	return r
}

// scenarios lists the measured scenarios in alphabetical order.
func (r results) scenarios() []string {
	names := map[string]bool{}
	for c := range r {
		names[c.scenario] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// servers lists the measured servers of a scenario, in the order of the page.
func (r results) servers(scenario string) []string {
	names := map[string]bool{}
	for c := range r {
		if c.scenario == scenario {
			names[c.server] = true
		}
	}
	return slices.SortedFunc(maps.Keys(names), compareServers)
}

// figures lists the measured figures of a scenario, in the order of the page.
func (r results) figures(scenario string) []string {
	names := map[string]bool{}
	for c := range r {
		if c.scenario == scenario {
			names[c.figure] = true
		}
	}
	return slices.SortedFunc(maps.Keys(names), compareFigures)
}

// best returns the measured server with the lowest median, or "" if none was measured.
func (r results) best(scenario, figure string, servers []string) (string, Spread) {
	var (
		name   string
		lowest Spread
	)
	for _, server := range servers {
		s := r[cell{scenario, server, figure}]
		if s.Rounds > 0 && (name == "" || s.Median < lowest.Median) {
			name, lowest = server, s
		}
	}
	return name, lowest
}

// busyLimit is the share of its core above which the generator may have been the limit.
const busyLimit = 0.9

// generatorLimited reports whether the generator may have limited a server.
func (r results) generatorLimited(scenario, server string) bool {
	return r[cell{scenario, server, GeneratorBusy}].Median > busyLimit
}

// rounds returns the least and the greatest number of rounds of any figure.
func (r results) rounds() (fewest, most int) {
	for _, s := range r {
		if fewest == 0 || s.Rounds < fewest {
			fewest = s.Rounds
		}
		most = max(most, s.Rounds)
	}
	return fewest, most
}
