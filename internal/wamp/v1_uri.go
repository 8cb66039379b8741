package wamp

import "strings"

// Version 1 names topics, procedures and errors by URIs such as http://example.com/event#new. A URI of version 2 cannot
// have the character #, so the router knows such a name with %23 in its place. A name of version 1 that has %23 itself
// gets %2523, and so on: each name of version 1 has one name in version 2, and each name of version 2 has one in
// version 1.
const (
	// EscapedHash stands for the character # of a name of version 1.
	EscapedHash    = "%23"
	escapedPercent = "%25"
)

// v2URI returns the URI that the router knows a name of version 1 by.
func v2URI(name string) URI {
	if !strings.ContainsAny(name, "#%") {
		return URI(name)
	}
	var b strings.Builder
	for i := range len(name) {
		switch {
		case name[i] == '#':
			b.WriteString(EscapedHash)
		case isEscapedHash(name[i:]):
			b.WriteString(escapedPercent)
		default:
			b.WriteByte(name[i])
		}
	}
	return URI(b.String())
}

// v1Name returns the name in version 1 of a URI that the router knows.
func v1Name(uri URI) string {
	if !strings.Contains(string(uri), "%2") {
		return string(uri)
	}
	var b strings.Builder
	for rest := string(uri); rest != ""; {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at])
		rest = rest[at:]
		switch {
		case strings.HasPrefix(rest, EscapedHash):
			b.WriteByte('#')
			rest = rest[len(EscapedHash):]
		case isEscapedHash(rest):
			b.WriteByte('%')
			rest = rest[len(escapedPercent):]
		default:
			b.WriteByte('%')
			rest = rest[1:]
		}
	}
	return b.String()
}

// isEscapedHash reports whether a text begins with %23, %2523, %252523 and so on.
func isEscapedHash(text string) bool {
	rest, ok := strings.CutPrefix(text, "%")
	for more := ok; more; {
		rest, more = strings.CutPrefix(rest, "25")
	}
	return ok && strings.HasPrefix(rest, "23")
}
