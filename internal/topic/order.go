package topic

import "strings"

// Overlaps reports whether a URI might exist that both patterns match. It errs towards yes, so
// that two contracts never silently compete for a topic.
func (p *Pattern) Overlaps(o *Pattern) bool {
	if len(p.components) != len(o.components) {
		return false // a parameter holds no separator: the number of components decides
	}
	for i := range p.components {
		a, b := &p.components[i], &o.components[i]
		if a.separator != b.separator || !a.overlaps(b) {
			return false
		}
	}
	return true
}

// MoreSpecific reports whether p speaks for a URI of both patterns: in every component it says at
// least as much as o (literal beats typed beats untyped), in one it says more. Two different types
// in one place say neither more nor less than each other.
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

// meets reports whether a URI of p might exist that the subscription or registration pattern also
// matches (it errs towards yes), and which parameters that pattern already fixes: the prefix
// user.42. can only ever mean user 42.
func (p *Pattern) meets(uri string, how matcher) (fixed map[string]string, ok bool) {
	fixed = make(map[string]string, len(p.names))
	return fixed, how(p.components, uri, fixed)
}

// matcher walks components along a WAMP pattern and notes the parameters that it fixes.
type matcher func(components []component, uri string, fixed map[string]string) bool

// meetsPrefix: a prefix is plain text, so its last component is only the beginning of one.
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
			fixed[c.name] = text
		}
		rest, before = after, separator
	}
	return false // the prefix has more components than the pattern
}

// meetsWildcard: the components of a wildcard pattern are divided by dots only (WAMP,
// "Wildcard-based Matching"), so an empty one also stands for a path with slashes inside.
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

func meetsPath(components []component, path string, fixed map[string]string) bool {
	for i := range components {
		text, rest, more := strings.Cut(path, "/")
		if !components[i].matches(text) || more != (i < len(components)-1) {
			return false
		}
		if name := components[i].name; name != "" {
			fixed[name] = text
		}
		path = rest
	}
	return true
}
