package report

// plotFile is a picture of one or more panels, side by side.
type plotFile struct {
	name   string // of the file
	text   string // alternative text
	panels []panel
}

// plotsOf returns the plots of a family: one of costs and one of latencies, as far as they were measured.
func plotsOf(f family, r results) []plotFile {
	bars := plotFile{name: f.name + ".svg", text: f.title + ": cost by server"}
	latencies := plotFile{name: f.name + "-latency.svg", text: f.title + ": latency by server"}
	for _, s := range f.scenarios {
		if p := barsOf(r, s); p.rows() > 0 {
			bars.panels = append(bars.panels, p)
		}
		if p := latenciesOf(r, s); p.rows() > 0 {
			latencies.panels = append(latencies.panels, p)
		}
	}
	var plots []plotFile
	for _, plot := range []plotFile{bars, latencies} {
		if len(plot.panels) > 0 {
			plots = append(plots, plot)
		}
	}
	return plots
}

func barsOf(r results, s scenario) bars {
	b := bars{title: s.title, figure: figureOf(s.cost)}
	for _, server := range r.servers(s.name) {
		if spread := r[cell{s.name, server, s.cost}]; spread.Rounds > 0 {
			b.bars = append(b.bars, bar{server, spread})
		}
	}
	return b
}

func latenciesOf(r results, s scenario) latencies {
	l := latencies{title: s.title}
	for _, server := range r.servers(s.name) {
		row := latency{server: server}
		for i, name := range percentiles {
			row.medians[i] = r[cell{s.name, server, name}].Median
		}
		if row.medians[0] > 0 {
			l.lines = append(l.lines, row)
		}
	}
	return l
}
