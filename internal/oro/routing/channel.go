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

// The application's router divides a channel into texts and parameters. A parameter without a requirement ends at the
// next separator, and one with a default at the end of the channel may be left out, together with the separator before
// it. A contract divides a topic into components at . and /.

const (
	routerSeparators   = `/,;.:-_~+*=@|`
	contractSeparators = `./`
	maxNameBytes       = 32 // of a parameter, for PCRE

	// maxPatternBytes bounds a pattern: keys of YAML have at most 1024 characters.
	maxPatternBytes = 1000
)

var variable = regexp.MustCompile(`\{\w+\}`)

// token is a text or a parameter of a channel.
type token struct {
	text   string // of a parameter: the separator before it
	name   string // "" for a text
	source string // the expression of a parameter
	given  bool   // the source is a requirement, and not the default
	stop   string // without a requirement: the next separator
}

// tokens divides a channel.
func (p *importer) tokens(of *route) ([]token, bool) {
	var list []token
	good, channel, end := true, of.channel.Value, 0
	for _, at := range variable.FindAllStringIndex(channel, -1) {
		before, rest := channel[end:at[0]], channel[at[1]:]
		made := token{name: channel[at[0]+1 : at[1]-1]}
		end = at[1]
		if before != "" && strings.IndexByte(routerSeparators, before[len(before)-1]) >= 0 {
			made.text, before = before[len(before)-1:], before[:len(before)-1]
		}
		if before != "" {
			list = append(list, token{text: before})
		}
		if err := checkParameter(made.name, list); err != nil {
			p.fail(of.channel, "name it otherwise", "the channel of %s has the parameter {%s}: %v", of.name, made.name, err)
			good = false
		}
		if q, ok := of.requirements[made.name]; ok {
			good = p.requirement(of, &made, q, rest == "") && good
		} else {
			made.stop = stopOf(rest)
			made.source = defaultSource(made.stop)
		}
		list = append(list, made)
	}
	if end < len(channel) {
		list = append(list, token{text: channel[end:]})
	}
	return list, good
}

// defaultSource returns the expression of a parameter that has no requirement.
func defaultSource(stop string) string {
	switch stop {
	case "", "/":
		return defaultClasses[0]
	case "-":
		return `[^/\-]+`
	}
	return "[^/" + regexp.QuoteMeta(stop) + "]+"
}

func checkParameter(name string, before []token) error {
	switch {
	case name[0] >= '0' && name[0] <= '9':
		return errors.New("a name cannot begin with a digit")
	case len(name) > maxNameBytes:
		return fmt.Errorf("a name has at most %d characters", maxNameBytes)
	case slices.ContainsFunc(before, func(t token) bool { return t.name == name }):
		return errors.New("it is there twice")
	}
	return nil
}

// stopOf returns the separator behind a parameter. Parameters that follow at once do not count.
func stopOf(rest string) string {
	rest = variable.ReplaceAllString(rest, "")
	if rest == "" || strings.IndexByte(routerSeparators, rest[0]) < 0 {
		return ""
	}
	return rest[:1]
}

// requirement takes over the expression of a parameter.
func (p *importer) requirement(of *route, made *token, q requirement, final bool) bool {
	source, err := q.source(final)
	made.source, made.given = source, true
	if slices.Contains(defaultClasses, strings.TrimSuffix(source, anyOrStar)) {
		made.given = false
		return true
	}
	if err == nil {
		_, err = examine(source)
	}
	if err != nil {
		p.fail(q.at, fmt.Sprintf("write another requirement, or give --skip %s and write the contract by hand", of.handler.Value),
			"the requirement %s of {%s} in the route %s cannot be taken over: %v", q.text, made.name, of.name, err)
		return false
	}
	return true
}

// variants returns the channel with and without the parameters at its end that may be left out, the longest first.
func variants(tokens []token, optional map[string]bool) [][]token {
	list := [][]token{tokens}
	for n := len(tokens) - 1; n > 0 && tokens[n].name != "" && optional[tokens[n].name]; n-- {
		list = append(list, tokens[:n])
	}
	return list
}

// pattern is the pattern of a contract, and what the other parts need to know of it.
type pattern struct {
	text     string
	parts    []part
	user     *user    // nil: no component has the id of a user alone
	narrowed []string // parameters that admit a dot there, and none here
}

// part is one component.
type part struct {
	separator byte
	literal   string
	name      string         // "" for a literal
	form      string         // of the parameter behind its name; "" for any text
	regexp    *regexp.Regexp // of a parameter with a form
}

// atom is a text without separators, or a parameter.
type atom struct {
	text string
	of   *token
}

// convert returns the pattern for the topics of one variant of a channel.
func (p *importer) convert(of *route, tokens []token) (*pattern, bool) {
	made := &pattern{}
	var current []atom
	separator := byte(0)
	good := true
	end := func(next byte) {
		if err := made.component(separator, next, current); err != nil {
			p.fail(of.channel, fmt.Sprintf("change the channel, or give --skip %s and write the contract by hand", of.handler.Value), "the channel of %s cannot be a contract: %v", of.name, err)
			good = false
		}
		separator, current = next, nil
	}
	for _, t := range tokens {
		rest := t.text
		for i := strings.IndexAny(rest, contractSeparators); i >= 0 && good; i = strings.IndexAny(rest, contractSeparators) {
			current = appendText(current, rest[:i])
			end(rest[i])
			rest = rest[i+1:]
		}
		current = appendText(current, rest)
		if t.name != "" {
			current = append(current, atom{of: &t})
		}
	}
	if good {
		end(0)
	}
	if good && len(made.text) > maxPatternBytes {
		p.fail(of.channel, "use shorter requirements", "the contract of %s would have a pattern of %d bytes, %d are allowed", of.name, len(made.text), maxPatternBytes)
		return nil, false
	}
	return made, good
}

func appendText(atoms []atom, text string) []atom {
	switch n := len(atoms); {
	case text == "":
		return atoms
	case n > 0 && atoms[n-1].of == nil:
		return append(atoms[:n-1:n-1], atom{text: atoms[n-1].text + text})
	}
	return append(atoms, atom{text: text})
}

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
