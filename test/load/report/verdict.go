package report

import "fmt"

// Answer tells whether a target is reached.
type Answer string

const (
	Reached     Answer = "yes"
	Missed      Answer = "no"
	NotMeasured Answer = "not measured"
)

// Verdict is a target with the measured value, in words.
type Verdict struct {
	What     string
	Target   string
	Measured string // "" if something is missing
	Answer   Answer
	Limited  bool // the generator may have limited a compared value
}

// Verdicts compares a run with the targets.
func Verdicts(run Run) []Verdict {
	r := resultsOf(run)
	verdicts := make([]Verdict, len(targets))
	for i, t := range targets {
		verdicts[i] = t.verdict(r)
	}
	return verdicts
}

func (t target) verdict(r results) Verdict {
	v := Verdict{What: t.title(), Target: t.goal(), Answer: NotMeasured}
	mine := r[cell{t.scenario, t.server, t.figure}]
	if mine.Rounds == 0 {
		return v
	}
	v.Limited = r.generatorLimited(t.scenario, t.server)
	f := figureOf(t.figure)
	switch t.rule {
	case atMost:
		return v.decide(f.withUnit(mine.Median), mine.Median <= t.limit)
	case atLeast:
		return v.decide(f.withUnit(mine.Median), mine.Median >= t.limit)
	case ownGrowth:
		return t.ownGrowth(r, v)
	case timesOf, lowestOf, growthOf: // compare with others
	}
	other, theirs := r.best(t.scenario, t.figure, t.than)
	if theirs.Median <= 0 {
		return v
	}
	v.Limited = v.Limited || r.generatorLimited(t.scenario, other)
	if t.rule == growthOf {
		return t.growth(r, v, other)
	}
	ratio := mine.Median / theirs.Median
	measured := fmt.Sprintf("%s ×: %s, %s %s", number(ratio), f.withUnit(mine.Median), other, f.withUnit(theirs.Median))
	if t.rule == lowestOf {
		return v.decide(measured, ratio < 1)
	}
	return v.decide(measured, ratio <= t.limit)
}

func (t target) growth(r results, v Verdict, other string) Verdict {
	mine, theirs := r.growth(t.from, t.scenario, t.server, t.figure), r.growth(t.from, t.scenario, other, t.figure)
	if mine == 0 || theirs == 0 {
		return v
	}
	v.Limited = v.Limited || r.generatorLimited(t.from, t.server) || r.generatorLimited(t.from, other)
	measured := fmt.Sprintf("%s ×: growth %s ×, %s %s ×", number(mine/theirs), number(mine), other, number(theirs))
	return v.decide(measured, mine/theirs <= t.limit)
}

func (t target) ownGrowth(r results, v Verdict) Verdict {
	times := r.growth(t.from, t.scenario, t.server, t.figure)
	if times == 0 {
		return v
	}
	before, after := r[cell{t.from, t.server, t.figure}], r[cell{t.scenario, t.server, t.figure}]
	f := figureOf(t.figure)
	return v.decide(fmt.Sprintf("%s ×: %s, then %s", number(times), f.withUnit(before.Median), f.withUnit(after.Median)), times <= t.limit)
}

// growth returns the ratio between the medians of two scenarios, or 0 if one was not measured.
func (r results) growth(from, to, server, figure string) float64 {
	before, after := r[cell{from, server, figure}], r[cell{to, server, figure}]
	if before.Median <= 0 || after.Rounds == 0 {
		return 0
	}
	return after.Median / before.Median
}

func (v Verdict) decide(measured string, reached bool) Verdict {
	v.Measured, v.Answer = measured, Missed
	if reached {
		v.Answer = Reached
	}
	return v
}

// title names the scenario and the figure, and the server unless it is tidings.
func (t target) title() string {
	what := scenarioOf(t.scenario).title
	if t.from != "" {
		what = scenarioOf(t.from).title + " → " + what
	}
	if t.server != "tidings" {
		what += ", " + t.server
	}
	return what + ": " + figureOf(t.figure).title
}

// goal describes the target in words.
func (t target) goal() string {
	var asks string
	switch t.rule {
	case atMost:
		asks = fmt.Sprintf("at most %g %s", t.limit, figureOf(t.figure).unit)
	case atLeast:
		asks = fmt.Sprintf("at least %g %s", t.limit, figureOf(t.figure).unit)
	case ownGrowth:
		asks = fmt.Sprintf("growth at most %g ×", t.limit)
	case timesOf:
		asks = fmt.Sprintf("at most %g × %s", t.limit, t.thanText)
	case lowestOf:
		asks = "lower than " + t.thanText
	case growthOf:
		asks = fmt.Sprintf("growth at most %g × that of %s", t.limit, t.thanText)
	}
	if t.note != "" {
		asks += " (" + t.note + ")"
	}
	return asks
}
