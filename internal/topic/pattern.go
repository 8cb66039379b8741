package topic

import "strings"

// separators divide a URI into components. WAMP knows only the dot; version 1 applications name
// their topics like paths, so a contract may use either, and which one is part of the pattern.
const separators = "./"

// Pattern is the set of URIs that one contract speaks for: literal components and typed parameters
// with the separators between them.
//
//	order.{id:int}            an integer in its one canonical spelling
//	file.{id:uuid}            8-4-4-4-12 hexadecimal digits
//	page.{name:slug}          lower-case words joined by - or _
//	country.{code:[a-z]{2}}   a regular expression over the whole component
//	task.{state:open|done}    one of a list
//	user.{user}.mail          anything that is not empty and has no separator
//
// A parameter always takes a whole component, so matching is a walk over components and two
// patterns can be compared without enumerating URIs.
type Pattern struct {
	text       string
	components []component
	names      []string // of the parameters, in order
}

// String gives the pattern as it was written.
func (p *Pattern) String() string { return p.text }

// Names gives the names of the parameters in the order in which they appear.
func (p *Pattern) Names() []string { return p.names }

// Literal reports whether the pattern has no parameters: it is one URI.
func (p *Pattern) Literal() bool { return len(p.names) == 0 }

// Match gives the parameters of a URI of this pattern.
func (p *Pattern) Match(uri string) (map[string]string, bool) {
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
		return nil, false // the URI goes on
	}
	return p.values(uri), true
}

// values reads the parameters out of a URI that is known to match.
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
			values[name] = text
		}
	}
	return values
}

// cut takes the first component off a URI: its text, the separator behind it (0 at the end of the
// URI) and what follows. A component after a trailing separator is empty, which nothing matches.
func cut(uri string) (text string, separator byte, rest string) {
	i := strings.IndexAny(uri, separators)
	if i < 0 {
		return uri, 0, ""
	}
	return uri[:i], uri[i], uri[i+1:]
}
