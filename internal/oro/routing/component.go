package routing

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/tidings-io/tidings/internal/wamp"
)

// component adds a component. next is the separator behind it, 0 at the end.
func (m *pattern) component(separator, next byte, atoms []atom) error {
	made := part{separator: separator}
	if separator != 0 {
		m.text += string(separator)
	}
	for _, a := range atoms {
		if a.of != nil {
			continue
		}
		if err := checkText(a.text); err != nil {
			return err
		}
	}
	var err error
	switch {
	case len(atoms) == 0 && (separator != '/' || next != '/'):
		return errors.New("it has an empty component, which a topic can have between two slashes only")
	case len(atoms) == 0:
	case len(atoms) == 1 && atoms[0].text == "*":
		made.name, made.form = m.unused("star"), `\*`
	case len(atoms) == 1 && atoms[0].of == nil:
		made.literal = strings.ReplaceAll(atoms[0].text, "#", wamp.EscapedHash)
	case len(atoms) == 1:
		made.name, made.form, err = m.alone(atoms[0].of)
	default:
		made.name, made.form, err = m.joined(atoms)
	}
	if err != nil {
		return err
	}
	if made.form != "" {
		made.regexp, err = regexp.Compile(`\A(?:` + made.form + `)\z`)
		if err != nil {
			return fmt.Errorf("the expression %s is invalid: %w", made.form, err)
		}
		if made.regexp.MatchString("") {
			return fmt.Errorf("{%s} may be empty, and a component of a topic cannot; use + in place of *", made.name)
		}
	}
	m.parts = append(m.parts, made)
	m.text += made.String()
	return nil
}

// String returns the component as a contract writes it.
func (c part) String() string {
	switch {
	case c.name == "":
		return c.literal
	case c.form == "":
		return "{" + c.name + "}"
	}
	return "{" + c.name + ":" + c.form + "}"
}

// checkText refuses what a component of a contract cannot have.
func checkText(text string) error {
	for _, r := range text {
		switch {
		case r == '{' || r == '}':
			return errors.New("it has a brace that belongs to no parameter")
		case r == '%':
			return errors.New("it has a percent sign, which begins an encoded character in a topic; write the value in place of a parameter of the application")
		case unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar:
			return fmt.Errorf("it has the character %q, which a topic cannot have", r)
		}
	}
	return nil
}

// wordForm matches the expressions that a contract would read as the name of a type.
var wordForm = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// alone returns the form of a parameter that takes a whole component.
func (m *pattern) alone(t *token) (name, form string, err error) {
	if t.name == userParameter {
		m.user = &user{component: t.name}
	}
	if !t.given {
		if t.stop != "." {
			m.narrowed = append(m.narrowed, t.name)
		}
		if !strings.Contains(contractSeparators, t.stop) { // of a variant without what stands behind it
			form = t.source
		}
		return t.name, form, nil
	}
	parsed, err := examine(t.source)
	if err != nil {
		return "", "", err
	}
	if _, err := checkBytes(parsed); err != nil {
		return "", "", fmt.Errorf("the requirement of {%s} does not fit: %w", t.name, err)
	}
	return t.name, embeddable(t.source, parsed.String()), nil
}

// joined returns one parameter for a component of texts and parameters.
func (m *pattern) joined(atoms []atom) (name, form string, err error) {
	var names []string
	var b strings.Builder
	for _, a := range atoms {
		switch {
		case a.of == nil:
			b.WriteString(regexp.QuoteMeta(a.text))
		case strings.Contains(a.of.source, "|") || strings.Contains(a.of.source, "(?"):
			b.WriteString("(?:" + a.of.source + ")")
		default:
			b.WriteString(a.of.source)
		}
		if a.of == nil {
			continue
		}
		names = append(names, a.of.name)
		if !a.of.given && a.of.stop != "." {
			m.narrowed = append(m.narrowed, a.of.name)
		}
	}
	parsed, err := syntax.Parse(b.String(), syntax.Perl)
	if err != nil {
		return "", "", err
	}
	if _, err := checkBytes(parsed); err != nil {
		return "", "", fmt.Errorf("the parameters %s are one component: %w", strings.Join(names, ", "), err)
	}
	name = m.unused(strings.Join(names, "_"))
	m.userIn(name, atoms)
	return name, embeddable(b.String(), parsed.String()), nil
}

// userIn finds the id of a user between fixed texts.
func (m *pattern) userIn(component string, atoms []atom) {
	var found user
	parameters := 0
	for _, a := range atoms {
		switch {
		case a.of != nil:
			parameters++
			found.component = a.of.name
		case parameters == 0:
			found.before = a.text
		default:
			found.after = a.text
		}
	}
	if parameters == 1 && found.component == userParameter {
		found.component = component
		m.user = &found
	}
}

// unused returns a name that no parameter of the pattern has.
func (m *pattern) unused(name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(m.parts, func(c part) bool { return c.name == name })
	}
	unused := name
	for n := 2; taken(unused); n++ {
		unused = fmt.Sprintf("%s_%d", name, n)
	}
	return unused
}

// embeddable returns an expression as it can stand in a pattern: with braces in pairs, and not like the name of a type.
func embeddable(source, canonical string) string {
	braced, _ := wamp.Braces("{x:" + source + "}")
	if braced != "{x:"+source+"}" || strings.ContainsFunc(source, unicode.IsControl) {
		source = canonical
	}
	if wordForm.MatchString(source) {
		return "(?:" + source + ")"
	}
	return source
}
