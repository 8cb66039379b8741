package topic

import (
	"fmt"
	"strings"

	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maxCompared bounds the contracts that a refusal is explained with: a client can cause any number of refusals.
const maxCompared = 2000

// Undeclared returns what is wrong with a URI that has no contract. It names the contract that nearly matches, and why
// that does not.
func (t *Table) Undeclared(kind Kind, uri wamp.URI) string {
	if said := t.undeclaredIn(kind, uri); said != "" {
		return said
	}
	said := fmt.Sprintf("%s %s is not declared", kind, uri)
	if other := 1 - kind; t.roots[other].find(string(uri), 0) != nil {
		return fmt.Sprintf("%s as a %s; it is declared as a %s, under %ss", said, kind, other, other)
	}
	reserved := wamp.IsReserved(firstOf(uri))
	nearest := t.nearest(uri, func(c *Contract) bool { return c.Kind == kind && (reserved || !c.Reserved) })
	if nearest.why != "" {
		return fmt.Sprintf("%s; the nearest contract is %s: %s", said, nearest.pattern, nearest.why)
	}
	return fmt.Sprintf("%s; declare it under %ss in the configuration", said, kind)
}

// undeclaredIn returns what is wrong with a URI below the prefix of a section, or "" for another URI. The text has the
// pattern and the name as the section and its pages write them.
func (t *Table) undeclaredIn(kind Kind, uri wamp.URI) string {
	for _, p := range t.prefixes {
		name, ok := strings.CutPrefix(string(uri), p.Text)
		if !ok || p.Kind != kind {
			continue
		}
		said := fmt.Sprintf("%s is not declared under %s in the configuration", name, p.Section)
		nearest := t.nearest(uri, func(c *Contract) bool {
			return c.Kind == kind && strings.HasPrefix(c.Pattern.String(), p.Text)
		})
		if nearest.why == "" {
			return said + ": add a pattern for it there"
		}
		return fmt.Sprintf("%s; the nearest pattern is %s: %s", said, strings.TrimPrefix(nearest.pattern.String(), p.Text), strings.Replace(nearest.why, p.Text, "", 1))
	}
	return ""
}

// nearest returns why the most similar of the contracts that admits selects does not match a URI.
func (t *Table) nearest(uri wamp.URI, admits func(*Contract) bool) (nearest miss) {
	for _, c := range t.contracts[:min(len(t.contracts), maxCompared)] {
		if !admits(c) {
			continue
		}
		if m := c.Pattern.miss(string(uri)); m.why != "" && (nearest.why == "" || m.cost < nearest.cost) {
			nearest = m
			nearest.pattern = c.Pattern
		}
	}
	return nearest
}

func firstOf(uri wamp.URI) string {
	first, _, _ := cut(string(uri))
	return first
}

// miss says why a pattern does not match a URI. Without a reason the two are too different.
type miss struct {
	pattern *Pattern
	cost    int
	why     string
}

// part is a component of a URI with the separator before it.
type part struct {
	separator byte
	text      string
}

func partsOf(uri string) (parts []part) {
	separator := byte(0)
	for {
		text, next, rest := cut(uri)
		parts = append(parts, part{separator, text})
		if next == 0 {
			return parts
		}
		separator, uri = next, rest
	}
}

// The costs of differences: the smallest sum names the nearest contract.
const (
	costValue     = 1 // a parameter does not accept the value
	costSeparator = 1
	costLength    = 2 // components are missing, or too many
	costTypo      = 3 // literal text differs by a letter or two
)

// miss compares a URI with the pattern.
func (p *Pattern) miss(uri string) (m miss) {
	parts := partsOf(uri)
	if encoded := p.joined(parts); encoded != "" {
		return miss{cost: costValue, why: fmt.Sprintf("in a parameter %s: %s", encodedParts, encoded)}
	}
	known := 0 // literals that are equal, or nearly
	for i := range min(len(parts), len(p.components)) {
		c, given := &p.components[i], parts[i]
		why, cost := c.differs(given)
		if cost < 0 {
			return miss{}
		}
		if m.cost += cost; m.why == "" {
			m.why = why
		}
		if c.kind == literal {
			known++
		}
	}
	if known == 0 {
		return miss{}
	}
	if more := len(parts) - len(p.components); more != 0 && m.why == "" {
		m.cost, m.why = m.cost+costLength, p.lengthDiffers(parts)
	} else if more != 0 {
		return miss{} // two kinds of differences
	}
	return m
}

const encodedParts = "the characters . / # % and white space are percent-encoded"

// differs says why the component does not accept a part; cost is 0 if it does, and below 0 if the two are too
// different.
func (c *component) differs(given part) (why string, cost int) {
	if c.kind == literal && given.text != c.text && (len(given.text) > 64 || text.Nearest(given.text, []string{c.text}) == "") {
		return "", -1
	}
	switch {
	case c.separator != given.separator:
		return fmt.Sprintf("it has %q before %s, where the URI has %q", c.separator, c.source(), given.separator), costSeparator
	case c.matches(given.text):
		return "", 0
	case c.kind == literal:
		return fmt.Sprintf("did you mean %s instead of %s?", c.text, given.text), costTypo
	}
	value, ok := wamp.DecodeParameter(given.text)
	if spelled := wamp.SpellParameter(given.text); !ok && spelled != "" {
		return fmt.Sprintf("%s is spelled %.100q, and must be spelled %.100q: %s, and no others", c.name, given.text, spelled, encodedParts), costValue
	}
	return c.refusal(value), costValue
}

// source returns the component as the pattern has it.
func (c *component) source() string {
	switch c.kind {
	case literal:
		return c.text
	case untyped:
		return "{" + c.name + "}"
	default:
		return "{" + c.name + ":" + c.text + "}"
	}
}

// lengthDiffers says which components are missing, or too many.
func (p *Pattern) lengthDiffers(parts []part) string {
	if n := len(p.components); len(parts) > n {
		return fmt.Sprintf("it ends before %.100q", string(parts[n].separator)+parts[n].text)
	}
	missing := &p.components[len(parts)]
	return fmt.Sprintf("the URI lacks %q", string(missing.separator)+missing.source())
}

// joined returns the URI that was meant if a value with separators stands in it as it is, or "". Then the parts that
// are too many belong to one parameter.
func (p *Pattern) joined(parts []part) string {
	more := len(parts) - len(p.components)
	if more <= 0 || p.Literal() {
		return ""
	}
	for i := range p.components {
		if c := &p.components[i]; c.kind != untyped && c.kind != expression {
			continue
		}
		if uri := p.joinedAt(i, parts, more); uri != "" {
			return uri
		}
	}
	return ""
}

func (p *Pattern) joinedAt(at int, parts []part, more int) string {
	var b strings.Builder
	literals := 0
	for i := range p.components {
		c, given := &p.components[i], part{}
		switch {
		case i < at:
			given = parts[i]
		case i > at:
			given = parts[i+more]
		default:
			given.separator = parts[i].separator
			value := parts[i].text
			for _, next := range parts[i+1 : i+more+1] {
				value += string(next.separator) + next.text
			}
			given.text = wamp.SpellParameter(value)
		}
		if c.separator != given.separator || !c.matches(given.text) {
			return ""
		}
		if c.kind == literal {
			literals++
		}
		if given.separator != 0 {
			b.WriteByte(given.separator)
		}
		b.WriteString(given.text)
	}
	if literals == 0 {
		return ""
	}
	return b.String()
}
