package topic

import (
	"slices"
	"strings"
)

// separators divide a URI into components. WAMP has only the dot, but applications of version 1 name
// their topics like paths. A contract may use both, and the separator is part of its pattern.
const separators = "./"

// Pattern is the set of URIs that one contract governs. It consists of literal components and typed
// parameters with separators between them.
//
//	order.{id:int}            an integer in its one canonical spelling
//	file.{id:uuid}            8-4-4-4-12 hexadecimal digits
//	page.{name:slug}          lower-case words joined by - or _
//	country.{code:[a-z]{2}}   a regular expression over the whole component
//	task.{state:open|done}    one of a list
//	user.{user}.mail          any text that is not empty and has no separator
//
// Names of version 1 can be declared as they are, such as http://example.com/event#new: a literal component may be
// empty between two slashes, and # stands for the %23 by which the router knows it.
//
// A parameter takes a whole component. Matching is therefore a walk over components, and two patterns
// can be compared without enumerating URIs.
type Pattern struct {
	text       string
	untyped    string // with {name} for each parameter
	components []component
	names      []string // of the parameters, in order
}

// String returns the pattern as it was written.
func (p *Pattern) String() string { return p.text }

// SameShape reports whether two patterns have the same literal components, and parameters in the same places. Names and
// types of the parameters do not count. A text that is no pattern has no shape.
func SameShape(a, b string) bool {
	first, err := ParsePattern(a)
	if err != nil {
		return false
	}
	second, err := ParsePattern(b)
	return err == nil && slices.EqualFunc(first.components, second.components, func(x, y component) bool {
		isText := x.kind == literal
		return x.separator == y.separator && isText == (y.kind == literal) && (!isText || x.text == y.text)
	})
}

// Names returns the names of the parameters in the order in which they appear.
func (p *Pattern) Names() []string { return p.names }

// Literal reports whether the pattern has no parameters, so that it matches one URI.
func (p *Pattern) Literal() bool { return len(p.names) == 0 }

// Match returns the parameters of a URI; ok is false if the pattern does not match it.
func (p *Pattern) Match(uri string) (params map[string]string, ok bool) {
	rest, separator := uri, byte(0)
	for i := range p.components {
		c := &p.components[i]
		if rest == "" || c.separator != separator {
			return nil, false
		}
		var text string
		text, separator, rest = cut(rest)
		if !c.matches(text) {
			return nil, false
		}
	}
	if separator != 0 {
		return nil, false // the URI has more components
	}
	return p.values(uri), true
}

// values returns the parameters of a URI. The pattern must match it.
func (p *Pattern) values(uri string) map[string]string {
	if len(p.names) == 0 {
		return nil
	}
	values := make(map[string]string, len(p.names))
	rest := uri
	for i := range p.components {
		var text string
		text, _, rest = cut(rest)
		if name := p.components[i].name; name != "" {
			values[name] = p.components[i].value(text)
		}
	}
	return values
}

// cut splits a URI into its first component, the separator behind that (0 at the end of the URI) and
// the rest. A component behind a trailing separator is empty, and no pattern ends with one.
func cut(uri string) (text string, separator byte, rest string) {
	i := strings.IndexAny(uri, separators)
	if i < 0 {
		return uri, 0, ""
	}
	return uri[:i], uri[i], uri[i+1:]
}
