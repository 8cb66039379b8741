package topic

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// kind is the way in which a component chooses the texts that it accepts.
type kind uint8

const (
	literal kind = iota
	list
	integer
	uuid
	slug
	expression
	untyped
)

// namedTypes holds the names that may follow the colon of a parameter.
var namedTypes = map[string]kind{"int": integer, "uuid": uuid, "slug": slug}

// component is one part of a pattern with the separator before it.
type component struct {
	separator byte // 0 for the first
	kind      kind
	name      string // of the parameter; "" for a literal
	text      string // the literal, or the text behind the colon
	values    []string
	regexp    *regexp.Regexp
}

// rank orders components by precision: literal beats typed beats untyped.
func (c *component) rank() int {
	switch c.kind {
	case literal:
		return 2
	case untyped:
		return 0
	default:
		return 1
	}
}

// same reports whether two components certainly accept the same texts. It does not recognize two
// regular expressions for one language, which only makes the comparison of patterns stricter.
func (c *component) same(o *component) bool {
	return c.separator == o.separator && c.kind == o.kind && c.text == o.text
}

// matches reports whether the component accepts a text without separators, as it stands in a URI.
func (c *component) matches(text string) bool {
	if c.kind == literal {
		return text == c.text
	}
	value, ok := wamp.DecodeParameter(text)
	return ok && c.accepts(value)
}

// accepts reports whether a parameter may have a value.
func (c *component) accepts(value string) bool {
	switch c.kind {
	case list:
		return slices.Contains(c.values, value)
	case integer:
		return isInteger(value)
	case uuid:
		return isUUID(value)
	case slug:
		return isSlug(value)
	case expression:
		return c.regexp.MatchString(value)
	default:
		return value != ""
	}
}

// value returns the value of a parameter whose text in a URI matches.
func (c *component) value(text string) string {
	value, _ := wamp.DecodeParameter(text)
	return value
}

// overlaps reports whether a text might exist that both components accept. It may return true without
// such a text (two regular expressions), but never false with one.
func (c *component) overlaps(o *component) bool {
	if c.kind > o.kind {
		c, o = o, c // the more enumerable one first
	}
	switch c.kind {
	case literal:
		return o.matches(c.text)
	case list:
		return slices.ContainsFunc(c.values, o.matches)
	case integer:
		return o.kind != uuid // an integer has no dash inside
	default:
		return true
	}
}

// begins reports whether the component might accept a text that begins with the given one. It errs
// towards true.
func (c *component) begins(with string) bool {
	hasPrefix := func(text string) bool { return strings.HasPrefix(text, with) }
	switch c.kind {
	case literal:
		return hasPrefix(c.text)
	case list:
		return slices.ContainsFunc(c.values, hasPrefix)
	case integer:
		return with == "" || with == "-" || isInteger(with)
	default:
		return true
	}
}

// isInteger accepts the canonical spelling of integers that certainly fit 64 bits. Each record then
// has one topic.
func isInteger(text string) bool {
	const digits = 18
	text, negative := strings.CutPrefix(text, "-")
	if text == "" || len(text) > digits || text[0] == '0' && (negative || len(text) > 1) {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

func isUUID(text string) bool {
	if len(text) != len("00000000-0000-0000-0000-000000000000") {
		return false
	}
	for i := range len(text) {
		switch i {
		case 8, 13, 18, 23:
			if text[i] != '-' {
				return false
			}
		default:
			if !isHex(text[i]) {
				return false
			}
		}
	}
	return true
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

func isSlug(text string) bool {
	dash := true // a slug neither begins with a dash nor has two in a row
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 'a' && b <= 'z' || b >= '0' && b <= '9':
			dash = false
		case (b == '-' || b == '_') && !dash:
			dash = true
		default:
			return false
		}
	}
	return !dash
}
