package routing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
)

// Mark is the first line of the file, by which it is known.
const Mark = "# Contracts of an OroPlatform application, written by tidings import oro."

// YAML returns the contracts as a part of a configuration.
func (i *Import) YAML() []byte {
	w := &writer{}
	w.line("%s", Mark)
	w.line("# They belong below topics: in tidings.yaml. The server has the contracts of Oro's own topics.")
	if len(i.LeftOut) > 0 {
		w.line("#")
		w.line("# Left out:")
		for _, left := range i.LeftOut {
			w.comment("", "  %s (%s:%d): %s", left.Name, left.Pos.File, left.Pos.Line, left.Why)
		}
	}
	w.line("")
	if len(i.Contracts) == 0 {
		w.line("topics: {}")
		return []byte(w.String())
	}
	w.line("topics:")
	for n, c := range i.Contracts {
		if n > 0 {
			w.line("")
		}
		w.contract(c)
	}
	return []byte(w.String())
}

// writer counts the lines that it writes.
type writer struct {
	strings.Builder
	lines int
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
	w.lines++
}

// comment writes a line of text from files, which may have characters that end a line.
func (w *writer) comment(indent, format string, args ...any) {
	w.line("%s# %s", indent, clean(fmt.Sprintf(format, args...)))
}

// clean replaces the characters that end a line, or cannot stand in YAML.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return '?'
		}
		return r
	}, text)
}

func (w *writer) contract(c *Contract) {
	w.comment("  ", "Route %s, %s: %s", c.of.name, place(c.of.key), c.of.channel.Value)
	w.comment("  ", "Handler %s: %s", c.of.handler.Value, c.decision.why)
	if len(c.pattern.narrowed) > 0 {
		w.comment("  ", "No dot can be in {%s}: dots divide topics.", strings.Join(c.pattern.narrowed, "}, {"))
	}
	w.line("  %s:", single(c.Pattern))
	w.line("    doc: %s", single(strings.ReplaceAll(clean(c.Doc), "${", "$${"))) // no variable of the configuration
	w.line("    subscribe: %s", scalar(c.Subscribe))
	if c.decision.kind == ping {
		w.line("    every: {interval: %s, args: [%s]}", c.every(), pingText)
		return
	}
	w.line("    publish: backend")
}

// scalar returns a rule as a value of YAML.
func scalar(rule string) string {
	if strings.Contains(rule, ": ") || strings.Contains(rule, " #") {
		return single(rule)
	}
	return rule
}

// single returns a text between single quotes.
func single(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// ForCheck returns the contracts beside those that the server has, as a configuration. source returns the place of the
// route that a line of it comes from; ok is false for lines of the server's contracts.
func (i *Import) ForCheck() (text []byte, source func(line int) (at config.Problem, ok bool)) {
	w := &writer{}
	w.line("topics:")
	for _, b := range builtIn {
		if !slices.ContainsFunc(i.Contracts, func(c *Contract) bool { return sameShape(c.Pattern, b.pattern) }) {
			w.line("  %s: {subscribe: 'true'}", single(strings.ReplaceAll(b.pattern, `\d`, "[0-9]")))
		}
	}
	lines := make([]int, len(i.Contracts))
	for n, c := range i.Contracts {
		lines[n] = w.lines + 1
		w.contract(c)
	}
	return []byte(w.String()), func(line int) (config.Problem, bool) {
		n, exact := slices.BinarySearch(lines, line)
		if !exact {
			n--
		}
		if n < 0 {
			return config.Problem{}, false
		}
		return problem(i.Contracts[n].of.channel, "", ""), true
	}
}

// parameterForm matches a parameter of a contract that the server has.
var parameterForm = regexp.MustCompile(`\{\w+:[^/{}]+\}`)

// sameShape reports whether the server leaves its contract out in favor of another one: only the types and names of
// their parameters differ.
func sameShape(pattern, builtIn string) bool {
	names := func(pattern string) []string {
		return strings.Split(parameterForm.ReplaceAllString(pattern, "{}"), "/")
	}
	mine, others := names(pattern), names(builtIn)
	return slices.EqualFunc(mine, others, func(a, b string) bool {
		return a == b || b == "{}" && strings.HasPrefix(a, "{")
	})
}
