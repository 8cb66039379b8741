package topic

import "strings"

// MoreSpecific reports whether p governs the URIs that both patterns match. Each of its components
// must be at least as precise as that of o (literal beats typed beats untyped), and one more precise.
// Two different types are neither more nor less precise than each other.
func (p *Pattern) MoreSpecific(o *Pattern) bool {
	if len(p.components) != len(o.components) {
		return false
	}
	more := false
	for i := range p.components {
		a, b := &p.components[i], &o.components[i]
		switch {
		case a.rank() > b.rank():
			more = true
		case a.rank() < b.rank() || !a.same(b):
			return false
		}
	}
	return more
}

// meets reports whether a URI of p might exist that a subscription or registration pattern matches,
// too. It errs towards true. fixed holds the parameters that the pattern determines: the prefix
// "user.42." matches URIs of user 42 only.
func (p *Pattern) meets(uri string, how matcher) (fixed map[string]string, ok bool) {
	fixed = make(map[string]string, len(p.names))
	return fixed, how(p.components, uri, fixed)
}

// matcher walks components along a WAMP pattern and records the parameters that the pattern fixes.
type matcher func(components []component, uri string, fixed map[string]string) bool

// meetsPrefix implements matcher for a prefix. The last component of a prefix is the beginning of a
// component.
func meetsPrefix(components []component, prefix string, fixed map[string]string) bool {
	rest, before := prefix, byte(0)
	for i := range components {
		c := &components[i]
		text, separator, after := cut(rest)
		if c.separator != before {
			return false
		}
		if separator == 0 {
			return c.begins(text)
		}
		if !c.matches(text) {
			return false
		}
		if c.name != "" {
			fixed[c.name] = c.value(text)
		}
		rest, before = after, separator
	}
	return false // the prefix has more components than the pattern
}

// meetsWildcard implements matcher for a wildcard pattern. Only dots divide its components (WAMP,
// "Wildcard-based Matching"), so an empty component also matches a path with slashes inside.
func meetsWildcard(components []component, wildcard string, fixed map[string]string) bool {
	for group := range strings.SplitSeq(wildcard, ".") {
		if len(components) == 0 {
			return false
		}
		n := 1
		for n < len(components) && components[n].separator == '/' {
			n++
		}
		if group != "" && !meetsPath(components[:n], group, fixed) {
			return false
		}
		components = components[n:]
	}
	return len(components) == 0
}

// meetsPath reports whether components with slashes between them match one component of a wildcard
// pattern.
func meetsPath(components []component, path string, fixed map[string]string) bool {
	for i := range components {
		text, rest, more := strings.Cut(path, "/")
		if !components[i].matches(text) || more != (i < len(components)-1) {
			return false
		}
		if name := components[i].name; name != "" {
			fixed[name] = components[i].value(text)
		}
		path = rest
	}
	return true
}
