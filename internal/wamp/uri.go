package wamp

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// URI names a realm, a topic, a procedure or an error (WAMP, "URIs").
type URI string

// URIRules is which of the specification's two rules a URI has to keep.
type URIRules uint8

const (
	LooseURIs  URIRules = iota // components of anything but white space, '.' and '#'
	StrictURIs                 // components of lower-case letters, digits and '_'
)

const (
	// MaxURIBytes bounds what one name costs in every map that holds it.
	MaxURIBytes = 512
	// MaxURIComponents bounds the depth of the tries that patterns live in.
	MaxURIComponents = 32
)

// Check tells whether the URI may be used with the match policy, MatchExact being the rule for
// everything that is no pattern. The error is a [Failure] with [ErrInvalidURI].
//
// It is the regular expressions of the specification (WAMP, "URIs"), written by hand because it
// runs for every publication; white space is Unicode's, as in clients that are not written in Go.
func (u URI) Check(strictness URIRules, match Match) error {
	if len(u) > MaxURIBytes {
		return Fail(ErrInvalidURI, "the URI has %d bytes, %d are allowed", len(u), MaxURIBytes)
	}
	if !utf8.ValidString(string(u)) {
		return Fail(ErrInvalidURI, "the URI is not valid UTF-8")
	}
	components, start := 1, 0
	for i, c := range string(u) {
		if c == '.' {
			if i == start && match != MatchWildcard {
				return u.invalid("has an empty component")
			}
			components++
			start = i + 1
			continue
		}
		if !strictness.allows(c) {
			return u.invalid("has the character " + strconv.QuoteRune(c))
		}
	}
	if start == len(u) && match == MatchExact {
		return u.invalid("has an empty component")
	}
	if components > MaxURIComponents {
		return Fail(ErrInvalidURI, "the URI has %d components, %d are allowed", components, MaxURIComponents)
	}
	return nil
}

func (s URIRules) allows(c rune) bool {
	if s == StrictURIs {
		return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
	}
	// U+001C to U+001F are white space to Python.
	return c != '#' && !unicode.IsSpace(c) && (c < 0x1c || c > 0x1f)
}

func (u URI) invalid(what string) error {
	return Fail(ErrInvalidURI, "the URI %.100q %s", string(u), what)
}
