package routing

import (
	"slices"
	"strings"
)

// covers reports whether a pattern certainly matches all topics of another one. It does so of each pattern that is more
// specific and has a topic in common.
func (m *pattern) covers(o *pattern) bool {
	if len(m.parts) != len(o.parts) {
		return false
	}
	for i := range m.parts {
		c, d := &m.parts[i], &o.parts[i]
		switch {
		case c.separator != d.separator, c.name == "" && (d.name != "" || c.literal != d.literal):
			return false
		case c.name == "":
		case d.name == "" && !c.admits(d.literal), d.name != "" && c.form != "" && c.form != d.form:
			return false
		}
	}
	return true
}

func (c *part) admits(literal string) bool {
	value := strings.ReplaceAll(literal, "%23", "#")
	return value != "" && (c.regexp == nil || c.regexp.MatchString(value))
}

// mayHide reports whether a route without a requirement might match topics of another one there, but not here, because
// of their dots.
func (m *pattern) mayHide(o *pattern) bool {
	if len(m.narrowed) == 0 || !slices.ContainsFunc(o.parts, func(c part) bool { return c.separator == '.' }) {
		return false
	}
	mine, others := m.segments(), o.segments()
	if len(mine) != len(others) {
		return false
	}
	for i := range mine {
		if !mine[i].open && !others[i].open && mine[i].text != others[i].text {
			return false
		}
	}
	return true
}

// segment has the components between two slashes of a pattern.
type segment struct {
	text string
	open bool // it has a parameter
}

func (m *pattern) segments() []segment {
	list := []segment{{}}
	for _, c := range m.parts {
		if c.separator == '/' {
			list = append(list, segment{})
		}
		last := &list[len(list)-1]
		if c.separator == '.' {
			last.text += "."
		}
		last.text += c.literal
		last.open = last.open || c.name != ""
	}
	return list
}

// inOrder adds a contract behind those of earlier routes. The first route that matches wins in the application, and the
// most specific contract in Tidings, so that the two must come to the same.
func (p *importer) inOrder(made *Contract) {
	for _, earlier := range p.made.Contracts {
		switch {
		case earlier.of == made.of:
		case earlier.pattern.covers(made.pattern):
			p.leave(made.of, "no topic of it is left: "+earlier.of.name+" is before it and matches them all")
			return
		case earlier.pattern.mayHide(made.pattern) && !earlier.same(made):
			p.fail(made.of.channel, "put "+made.of.name+" before it, or give the parameters of "+earlier.of.name+" requirements without dots",
				"the route %s may have topics with dots that %s, which is before it, matches too, and the two are for different users", made.of.name, earlier.of.name)
			return
		}
	}
	p.made.Contracts = append(p.made.Contracts, made)
}

// same reports whether two contracts decide alike.
func (c *Contract) same(o *Contract) bool {
	return c.Subscribe == o.Subscribe && c.decision.kind == o.decision.kind && c.decision.interval == o.decision.interval
}
