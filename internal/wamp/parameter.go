package wamp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A parameter of a contract stands in one component of a URI. Characters that cannot stand there are percent-encoded as
// the bytes of their UTF-8 (RFC 3986), and no others: each value has one spelling, and each spelling one value.

// encodedInParameter reports whether a character is percent-encoded in a component: the separators, what the loose
// rules for URIs forbid, and the percent sign itself.
func encodedInParameter(c rune) bool {
	return c == '%' || c == '.' || c == '/' || !LooseURIs.allows(c)
}

// EncodeParameter returns a value as it stands in one component of a URI. An empty value and one that is not valid
// UTF-8 cannot stand there.
func EncodeParameter(value string) (string, error) {
	switch {
	case value == "":
		return "", Fail(ErrInvalidURI, "a parameter must not be empty")
	case !utf8.ValidString(value):
		return "", Fail(ErrInvalidURI, "a parameter must be valid UTF-8")
	case strings.IndexFunc(value, encodedInParameter) < 0:
		return value, nil
	}
	var b strings.Builder
	for i, c := range value {
		if !encodedInParameter(c) {
			b.WriteRune(c)
			continue
		}
		for _, octet := range []byte(value[i : i+utf8.RuneLen(c)]) {
			fmt.Fprintf(&b, "%%%02X", octet)
		}
	}
	return b.String(), nil
}

// DecodeParameter returns the value of a component of a URI; ok is false if the component is not spelled as
// EncodeParameter spells its value.
func DecodeParameter(component string) (value string, ok bool) {
	if strings.IndexByte(component, '%') < 0 {
		return component, component != ""
	}
	value = unescape(component)
	spelled, err := EncodeParameter(value)
	return value, err == nil && spelled == component
}

// unescape replaces each percent sign with two hexadecimal digits by the byte that they stand for.
func unescape(text string) string {
	decoded := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if high, low := hexDigit(text[i+1]), hexDigit(text[i+2]); high >= 0 && low >= 0 {
				decoded = append(decoded, byte(high<<4|low))
				i += 2
				continue
			}
		}
		decoded = append(decoded, text[i])
	}
	return string(decoded)
}

func hexDigit(b byte) int {
	return strings.IndexByte("0123456789ABCDEF", byte(unicode.ToUpper(rune(b))))
}

// SpellParameter returns the one spelling of a component that DecodeParameter refuses, or "" if there is none.
func SpellParameter(component string) string {
	spelled, err := EncodeParameter(unescape(component))
	if err != nil {
		return ""
	}
	return spelled
}

// FillContract returns the URI of a contract's pattern with the values of its parameters. It checks no types: the
// server does.
func FillContract(pattern string, params map[string]string) (URI, error) {
	var b strings.Builder
	used := 0
	for rest := pattern; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			open = len(rest)
		}
		b.WriteString(strings.ReplaceAll(rest[:open], "#", EscapedHash))
		if rest = rest[open:]; rest == "" {
			break
		}
		braced, _ := Braces(rest)
		if braced == "" {
			return "", Fail(ErrInvalidArgument, "the contract %s has a { that is not closed", pattern)
		}
		rest = rest[len(braced):]
		name, _, _ := strings.Cut(strings.Trim(braced, "{}"), ":")
		value, ok := params[name]
		if !ok {
			return "", Fail(ErrInvalidArgument, "the contract %s has the parameter %s, which is not given", pattern, name)
		}
		encoded, err := EncodeParameter(value)
		if err != nil {
			return "", Fail(ErrInvalidArgument, "%s: %v", name, err)
		}
		used++
		b.WriteString(encoded)
	}
	if used < len(params) {
		return "", Fail(ErrInvalidArgument, "the contract %s has %d parameters, and %d are given", pattern, used, len(params))
	}
	return URI(b.String()), nil
}

// Braces returns the text from its first brace to the brace that closes it, or "" if none does. If a character class
// has no end, class is the offset of the class. Braces nest ([a-z]{2}). Behind a backslash and inside a character class
// they are plain text.
func Braces(text string) (braced string, class int) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\':
			i++
		case class > 0:
			if b == ']' {
				class = 0
			}
		case b == '[':
			class = i
			// A bracket at the beginning, also behind ^, is a character of the class.
			if strings.HasPrefix(text[i+1:], "^") {
				i++
			}
			if strings.HasPrefix(text[i+1:], "]") {
				i++
			}
		case b == '{':
			depth++
		case b == '}':
			if depth--; depth == 0 {
				return text[:i+1], 0
			}
		}
	}
	return "", class
}
