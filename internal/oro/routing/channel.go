package routing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The application's router divides a channel into texts and parameters. A parameter without a requirement ends at the
// next separator, and one with a default at the end of the channel may be left out, together with the separator before
// it. A contract divides a topic into components at . and /.

const (
	routerSeparators   = `/,;.:-_~+*=@|`
	contractSeparators = `./`
	maxNameBytes       = 32 // of a parameter, for PCRE

	// maxPatternBytes bounds a pattern: keys of YAML have at most 1024 characters.
	maxPatternBytes = 1000
)

var variable = regexp.MustCompile(`\{\w+\}`)

// token is a text or a parameter of a channel.
type token struct {
	text   string // of a parameter: the separator before it
	name   string // "" for a text
	source string // the expression of a parameter
	given  bool   // the source is a requirement, and not the default
	stop   string // without a requirement: the next separator
}

// tokens divides a channel.
func (p *importer) tokens(of *route) ([]token, bool) {
	var list []token
	good, channel, end := true, of.channel.Value, 0
	for _, at := range variable.FindAllStringIndex(channel, -1) {
		before, rest := channel[end:at[0]], channel[at[1]:]
		made := token{name: channel[at[0]+1 : at[1]-1]}
		end = at[1]
		if before != "" && strings.IndexByte(routerSeparators, before[len(before)-1]) >= 0 {
			made.text, before = before[len(before)-1:], before[:len(before)-1]
		}
		if before != "" {
			list = append(list, token{text: before})
		}
		if err := checkParameter(made.name, list); err != nil {
			p.fail(of.channel, "name it otherwise", "the channel of %s has the parameter {%s}: %v", of.name, made.name, err)
			good = false
		}
		if q, ok := of.requirements[made.name]; ok {
			good = p.requirement(of, &made, q, rest == "") && good
		} else {
			made.stop = stopOf(rest)
			made.source = defaultSource(made.stop)
		}
		list = append(list, made)
	}
	if end < len(channel) {
		list = append(list, token{text: channel[end:]})
	}
	return list, good
}

// defaultSource returns the expression of a parameter that has no requirement.
func defaultSource(stop string) string {
	switch stop {
	case "", "/":
		return defaultClasses[0]
	case "-":
		return `[^/\-]+`
	}
	return "[^/" + regexp.QuoteMeta(stop) + "]+"
}

func checkParameter(name string, before []token) error {
	switch {
	case name[0] >= '0' && name[0] <= '9':
		return errors.New("a name cannot begin with a digit")
	case len(name) > maxNameBytes:
		return fmt.Errorf("a name has at most %d characters", maxNameBytes)
	case slices.ContainsFunc(before, func(t token) bool { return t.name == name }):
		return errors.New("it is there twice")
	}
	return nil
}

// stopOf returns the separator behind a parameter. Parameters that follow at once do not count.
func stopOf(rest string) string {
	rest = variable.ReplaceAllString(rest, "")
	if rest == "" || strings.IndexByte(routerSeparators, rest[0]) < 0 {
		return ""
	}
	return rest[:1]
}

// requirement takes over the expression of a parameter.
func (p *importer) requirement(of *route, made *token, q requirement, final bool) bool {
	source, err := q.source(final)
	made.source, made.given = source, true
	if slices.Contains(defaultClasses, strings.TrimSuffix(source, anyOrStar)) {
		made.given = false
		return true
	}
	if err == nil {
		_, err = examine(source)
	}
	if err != nil {
		p.fail(q.at, fmt.Sprintf("write another requirement, or give --skip %s and write the contract by hand", of.handler.Value),
			"the requirement %s of {%s} in the route %s cannot be taken over: %v", q.text, made.name, of.name, err)
		return false
	}
	return true
}

// variants returns the channel with and without the parameters at its end that may be left out, the longest first.
func variants(tokens []token, optional map[string]bool) [][]token {
	list := [][]token{tokens}
	for n := len(tokens) - 1; n > 0 && tokens[n].name != "" && optional[tokens[n].name]; n-- {
		list = append(list, tokens[:n])
	}
	return list
}
