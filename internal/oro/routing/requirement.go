package routing

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// A requirement is an expression of PCRE that is matched on bytes. It is taken over if an expression of RE2 over
// characters admits the same topics. The differences:
//
//	lookaround, back references, possessive and atomic groups   RE2 has none
//	^, $ and their like inside                                  mean the whole topic there, a component here
//	(?i)                                                        here also with letters beyond ASCII
//	characters beyond ASCII, and counts of negated classes      there by bytes
//	. and /                                                     a parameter of a contract is one component
//	%, white space                                              cannot stand in a topic as they are

var (
	// loneBrace matches what is a count to newer versions of PCRE, and text to older ones.
	loneBrace = regexp.MustCompile(`\{\s*,\s*\d+\s*\}|\{\s+\d|\{\d+\s|\{\d+,\s`)
	// unknownGroups are constructs of PCRE that RE2 does not have.
	unknownGroups = []struct{ begin, name string }{
		{"(?=", "lookahead"},
		{"(?!", "lookahead"},
		{"(?<=", "lookbehind"},
		{"(?<!", "lookbehind"},
		{"(?>", "an atomic group"},
		{"(?|", "a branch reset"},
		{"(?R", "recursion"},
		{"(?&", "recursion"},
		{"(?(", "a condition"},
		{"(*", "a verb"},
	}
)

// defaultClasses are the requirement of a parameter that has none, as it may also be written.
var defaultClasses = []string{`[^/]+`, `[^\/]+`}

// anyOrStar follows the requirement of a wildcard.
const anyOrStar = `|\*`

// source returns a requirement without its anchors, with the star of a wildcard. final says that nothing follows the
// parameter.
func (q requirement) source(final bool) (string, error) {
	text := strings.TrimPrefix(q.text, "^")
	if trimmed, ok := strings.CutSuffix(text, "$"); ok {
		switch escapes := len(trimmed) - len(strings.TrimRight(trimmed, `\`)); {
		case escapes%2 == 1:
			return "", errors.New("it ends with an escaped $, which the application's router removes")
		case q.wildcard && !final:
			return "", errors.New("it ends with $ before the alternative of the wildcard, and other parts follow")
		}
		text = trimmed
	}
	switch {
	case text == "":
		return "", errors.New("it is empty")
	case hasBare(text, '#'):
		return "", errors.New("it has # without a backslash, which ends the expression in the application")
	}
	if q.wildcard {
		text += anyOrStar
	}
	return text, nil
}

// hasBare reports whether a text has a character without a backslash before it.
func hasBare(text string, c byte) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case c:
			return true
		}
	}
	return false
}

// examine parses an expression, and says what it cannot be taken over for.
func examine(text string) (*syntax.Regexp, error) {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return nil, errors.New("it has characters beyond ASCII, which the application matches by bytes")
		}
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, errors.New(incompatible(text, err))
	}
	if loneBrace.MatchString(text) {
		return nil, errors.New("it has a brace that is a count in some versions of PCRE, and text in others")
	}
	if err := checkTree(parsed); err != nil {
		return nil, err
	}
	return parsed, nil
}

// incompatible says why an expression is none of RE2.
func incompatible(text string, err error) string {
	for _, group := range unknownGroups {
		if strings.Contains(text, group.begin) {
			return fmt.Sprintf("it has %s (%s), which RE2 does not have", group.name, group.begin)
		}
	}
	e, ok := errors.AsType[*syntax.Error](err)
	switch {
	case !ok:
		return err.Error()
	case e.Code == syntax.ErrInvalidRepeatOp:
		return fmt.Sprintf("it has a possessive count (%s), which RE2 does not have", e.Expr)
	case e.Code == syntax.ErrInvalidEscape && len(e.Expr) > 1 && (e.Expr[1] >= '1' && e.Expr[1] <= '9' || e.Expr[1] == 'k' || e.Expr[1] == 'g'):
		return fmt.Sprintf("it has a back reference (%s), which RE2 does not have", e.Expr)
	}
	return fmt.Sprintf("RE2 does not understand it: %s: %s", e.Code, e.Expr)
}

// checkTree finds what means something else here.
func checkTree(re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return errors.New("it has an anchor (^, $, \\A, \\z) inside, which means the whole topic in the application")
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return errSeparator
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return errFold
		}
		for _, r := range re.Rune {
			if err := checkRange(r, r); err != nil {
				return err
			}
		}
	case syntax.OpCharClass:
		return checkClass(re.Rune)
	default: // the parts are examined below
	}
	for _, sub := range re.Sub {
		if err := checkTree(sub); err != nil {
			return err
		}
	}
	return nil
}

var (
	errSeparator = errors.New("it admits a dot or a slash, and a parameter of a contract is one component; use [^/.] or name the characters")
	errFold      = errors.New("it ignores case by (?i), which means more characters here; name both cases, as in [Aa]")
	errBytes     = errors.New("it counts bytes of characters beyond ASCII, and a contract counts characters; use [^/.]+ alone, or name the characters")
)

// checkClass examines the ranges of a character class.
func checkClass(ranges []rune) error {
	wide := isWide(ranges)
	for i := 0; i+1 < len(ranges); i += 2 {
		low, high := ranges[i], ranges[i+1]
		switch {
		case low <= '.' && high >= '.' || low <= '/' && high >= '/':
			return errSeparator
		case high >= utf8.RuneSelf && !wide:
			return errFold
		case wide:
		default:
			if err := checkRange(low, high); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRange examines the characters that an expression names.
func checkRange(low, high rune) error {
	has := func(c rune) bool { return low <= c && c <= high }
	switch {
	case has('.') || has('/'):
		return errSeparator
	case has('%'):
		return errors.New("it admits %, which begins an encoded character in a topic")
	case low <= ' ':
		return errors.New("it admits white space, which a topic cannot have")
	case high >= utf8.RuneSelf:
		return errFold
	}
	return nil
}

// isWide reports whether a class has all characters beyond ASCII, as negated classes have.
func isWide(ranges []rune) bool {
	n := len(ranges)
	return n > 0 && ranges[n-2] <= utf8.RuneSelf && ranges[n-1] == utf8.MaxRune
}
