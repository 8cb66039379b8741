package wamp

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// URI names a realm, a topic, a procedure or an error (WAMP, "URIs").
type URI string

// URIRules selects one of the two URI rules of the specification.
type URIRules uint8

const (
	LooseURIs  URIRules = iota // components of all characters but white space, '.' and '#'
	StrictURIs                 // components of lower-case letters, digits and '_'
)

// malformedURI stands for a text that is not well-formed. It is no valid URI.
const malformedURI URI = "\xff"

const (
	// MaxURIBytes limits the memory of a name in every map that holds the name.
	MaxURIBytes = 512
	// MaxURIComponents limits the depth of the tries that hold patterns.
	MaxURIComponents = 32
)

// Check returns a [Failure] with [ErrInvalidURI] if the URI is invalid for the match policy. A URI that is no
// pattern is checked with [MatchExact].
//
// Check implements the regular expressions of the specification (WAMP, "URIs") by hand, because it runs for
// every publication. White space is that of Unicode, as in most other languages.
func (u URI) Check(rules URIRules, match Match) error {
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
		if !rules.allows(c) {
			return u.invalid("has the character " + strconv.QuoteRune(c) + spelling(c))
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

// spelling says how a character is written that a URI cannot have.
func spelling(c rune) string {
	if c == '#' {
		return ", which is written " + EscapedHash
	}
	return ""
}

func (u URI) invalid(what string) error {
	return Fail(ErrInvalidURI, "the URI %.100q %s", string(u), what)
}
