package report

import (
	"fmt"
)

// imageFolder is the folder of the plots, relative to the page.
const imageFolder = "images/benchmarks"

// page holds the values of the template.
type page struct {
	Machine  Machine
	Rounds   string
	Servers  string
	Summary  string
	Verdicts string
	Sections []section
	Unknown  []part // scenarios that this package does not know
}

// section is a family on the page.
type section struct {
	Title  string
	Images []image
	Parts  []part
	Growth *part // nil: none
}

// image is a plot with its alternative text.
type image struct{ Text, Path string }

// part is a table with the text above it.
type part struct {
	Title, Text, Table string
}

// layOut returns the content of the page, and the plots that it needs.
func layOut(run Run) (page, []plotFile) {
	r := resultsOf(run)
	verdicts := Verdicts(run)
	p := page{
		Machine: run.Machine, Rounds: roundsInWords(r), Servers: serverTable(run),
		Summary: wrapped(summary(verdicts)), Verdicts: verdictTable(verdicts),
	}
	var plots []plotFile
	known := map[string]bool{}
	for _, f := range families {
		for _, s := range f.scenarios {
			known[s.name] = true
		}
		sec := sectionOf(f, r)
		if len(sec.Parts) == 0 {
			continue
		}
		for _, plot := range plotsOf(f, r) {
			sec.Images = append(sec.Images, image{plot.text, imageFolder + "/" + plot.name})
			plots = append(plots, plot)
		}
		p.Sections = append(p.Sections, sec)
	}
	for _, name := range r.scenarios() {
		if !known[name] {
			p.Unknown = append(p.Unknown, part{Text: "`" + name + "`:", Table: resultTable(r, name)})
		}
	}
	return p, plots
}

func sectionOf(f family, r results) section {
	sec := section{Title: f.title}
	for _, s := range f.scenarios {
		if len(r.servers(s.name)) > 0 {
			sec.Parts = append(sec.Parts, part{s.title, s.text(), resultTable(r, s.name)})
		}
	}
	if f.growth != nil {
		if table := growthTable(r, *f.growth); table != "" {
			sec.Growth = &part{f.growth.title, wrapped(f.growth.text), table}
		}
	}
	return sec
}

// roundsInWords returns the number of rounds of the figures, such as "3 rounds".
func roundsInWords(r results) string {
	fewest, most := r.rounds()
	switch {
	case most == 1:
		return "1 round"
	case fewest == most:
		return fmt.Sprintf("%d rounds", most)
	}
	return fmt.Sprintf("%d to %d rounds", fewest, most)
}

func summary(verdicts []Verdict) string {
	answers := map[Answer]int{}
	for _, v := range verdicts {
		answers[v.Answer]++
	}
	text := fmt.Sprintf("Targets: %d, of which reached: %d, not reached: %d", len(verdicts), answers[Reached], answers[Missed])
	if n := answers[NotMeasured]; n > 0 {
		text += fmt.Sprintf(", could not be measured: %d", n)
	}
	return text + ". Each row compares medians; × is Tidings divided by the other server. If several servers of a kind were " +
		"measured, the row names the best of them."
}

// text returns the paragraph above the table of a scenario.
func (s scenario) text() string { return wrapped("`" + s.name + "`: " + s.what + " " + s.means) }
