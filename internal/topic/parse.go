package topic

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxPatternBytes bounds a pattern, and with it the regular expressions inside. It is also the
	// longest URI.
	maxPatternBytes = 1024
	// maxComponents bounds a walk over the components.
	maxComponents = 32
	// maxInstructions bounds a regular expression, which clients have tested against any text. [a-z]{1,250} has 500.
	maxInstructions = 1000
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	listForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\|[A-Za-z0-9_-]+)+$`)
	wordForm = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// SyntaxError is a mistake in a pattern or a rule, with its place and a fix.
type SyntaxError struct {
	Offset       int // bytes from the beginning
	Message, Fix string
}

func (e *SyntaxError) Error() string { return e.Message + "; " + e.Fix }

// ParsePattern compiles a pattern. The error is a [*SyntaxError].
func ParsePattern(text string) (*Pattern, error) {
	if len(text) > maxPatternBytes {
		return nil, &SyntaxError{maxPatternBytes, fmt.Sprintf("the pattern is longer than %d bytes", maxPatternBytes), "shorten it"}
	}
	p := patternParser{text: text}
	if err := p.run(); err != nil {
		return nil, err
	}
	return &Pattern{text: text, untyped: withoutTypes(p.components), components: p.components, names: p.names}, nil
}

type patternParser struct {
	text       string
	at         int
	components []component
	names      []string
}

func (p *patternParser) fail(offset int, fix, message string, args ...any) *SyntaxError {
	return &SyntaxError{offset, fmt.Sprintf(message, args...), fix}
}

func (p *patternParser) run() error {
	if p.text == "" {
		return p.fail(0, "name a topic, for example order.{id:int}", "the pattern is empty")
	}
	var separator byte
	for {
		if len(p.components) == maxComponents {
			return p.fail(p.at, "use fewer components", "the pattern has more than %d components", maxComponents)
		}
		c, err := p.component()
		if err != nil {
			return err
		}
		c.separator = separator
		p.components = append(p.components, c)
		if p.at == len(p.text) {
			return nil
		}
		separator = p.text[p.at]
		p.at++
	}
}

// component reads one component. The parser then stands at the separator or at the end.
func (p *patternParser) component() (component, error) {
	rest := p.text[p.at:]
	if strings.HasPrefix(rest, "{") {
		return p.parameter()
	}
	end := strings.IndexAny(rest, separators)
	if end < 0 {
		end = len(rest)
	}
	text := rest[:end]
	isBetweenSlashes := p.at > 0 && p.text[p.at-1] == '/' && strings.HasPrefix(rest, "/")
	if text == "" && isBetweenSlashes { // as in http://
		return component{kind: literal}, nil
	}
	if err := p.checkLiteral(text); err != nil {
		return component{}, err
	}
	p.at += end
	return component{kind: literal, text: strings.ReplaceAll(text, "#", wamp.EscapedHash)}, nil
}

func (p *patternParser) checkLiteral(text string) error {
	if text == "" {
		return p.fail(p.at, "write text or a {parameter} between two separators", "a component is empty")
	}
	if text == "*" || text == "#" {
		return p.fail(p.at, "write a parameter, for example {name}, for any one component", "%s is not a wildcard in a pattern", text)
	}
	if i := strings.IndexByte(text, '{'); i >= 0 {
		return p.fail(p.at+i, "put a separator before the parameter", "a parameter takes a whole component, but %q stands before it", text[:i])
	}
	if i := strings.IndexByte(text, '}'); i >= 0 {
		return p.fail(p.at+i, "open the parameter with { or remove the }", "} closes nothing")
	}
	for i, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return p.fail(p.at+i, "remove it", "%q may not stand in a URI", r)
		}
	}
	return nil
}

// parameter reads {name} or {name:type}.
func (p *patternParser) parameter() (component, error) {
	open := p.at
	inside, class := wamp.Braces(p.text[open:])
	switch {
	case class > 0:
		return component{}, p.fail(open+class, "close it with ]", "the character class is not closed")
	case inside == "":
		return component{}, p.fail(open, "close it with }", "the parameter is not closed")
	}
	inside = inside[1 : len(inside)-1]
	end := open + len(inside) + len("{}")
	if end < len(p.text) && !strings.ContainsRune(separators, rune(p.text[end])) {
		return component{}, p.fail(end, "put a separator behind the parameter", "a parameter takes a whole component, but %q stands behind it", p.text[end:end+1])
	}
	name, definition, typed := strings.Cut(inside, ":")
	if err := p.checkName(name, open+1); err != nil {
		return component{}, err
	}
	p.at = end
	p.names = append(p.names, name)
	if !typed {
		return component{kind: untyped, name: name}, nil
	}
	return p.typed(name, definition, open+1+len(name)+1)
}

func (p *patternParser) checkName(name string, offset int) error {
	if !nameForm.MatchString(name) {
		return p.fail(offset, "use letters, digits and _, for example {id:int}", "%q is not a name of a parameter", name)
	}
	if slices.Contains(p.names, name) {
		return p.fail(offset, "give each its own name", "the parameter %s appears twice", name)
	}
	return nil
}

func (p *patternParser) typed(name, definition string, offset int) (component, error) {
	c := component{name: name, text: definition}
	if k, ok := namedTypes[definition]; ok {
		c.kind = k
		return c, nil
	}
	switch {
	case definition == "":
		return c, p.fail(offset, "name a type, for example {"+name+":int}, or leave the colon out", "the type is empty")
	case listForm.MatchString(definition):
		c.kind, c.values = list, strings.Split(definition, "|")
		slices.Sort(c.values)
		c.values = slices.Compact(c.values)
		c.text = strings.Join(c.values, "|")
		return c, nil
	case wordForm.MatchString(definition):
		fix := "use int, uuid, slug, a regular expression or a list such as one|two"
		if near := text.Nearest(definition, []string{"int", "uuid", "slug"}); near != "" {
			fix = "did you mean " + near + "?"
		}
		return c, p.fail(offset, fix, "there is no type %s", definition)
	}
	// The expression is parsed without the anchors first: a)|(b would compile between them.
	_, err := syntax.Parse(definition, syntax.Perl)
	if err == nil {
		c.regexp, err = regexp.Compile(`\A(?:` + definition + `)\z`)
	}
	if err != nil {
		return c, p.fail(offset, "write a regular expression as Go understands them (RE2)", "the expression does not compile: %s", syntaxReason(err))
	}
	if n := schema.Instructions(definition); n > maxInstructions {
		return c, p.fail(offset, costlyFix, "the expression takes up to %d steps for each byte; %d are allowed", n, maxInstructions)
	}
	c.kind = expression
	return c, nil
}

const costlyFix = "use smaller counts than {1,500}, or + and *"

// syntaxReason shortens an error of package regexp/syntax.
func syntaxReason(err error) string {
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		return fmt.Sprintf("%s: %s", e.Code, e.Expr)
	}
	return err.Error()
}
