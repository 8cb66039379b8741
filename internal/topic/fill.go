package topic

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Fill returns the URI of a contract with these values of its parameters. The contract is named by its pattern, with or
// without the types of the parameters. The error is a [*wamp.Failure].
func (t *Table) Fill(kind Kind, pattern string, params map[string]string) (wamp.URI, error) {
	named, err := ParsePattern(pattern)
	if err != nil {
		return "", wamp.Fail(wamp.ErrInvalidArgument, "%q is not the pattern of a contract: %v", pattern, err)
	}
	var mismatch error
	for _, c := range t.contracts {
		if c.Kind != kind || c.Pattern.untyped != named.untyped {
			continue
		}
		uri, err := c.Pattern.fill(params)
		if err == nil {
			return uri, nil
		}
		mismatch = cmp.Or(mismatch, err)
	}
	if mismatch != nil {
		return "", mismatch
	}
	var names []string
	for _, c := range t.contracts {
		if c.Kind == kind {
			names = append(names, c.Pattern.text)
		}
	}
	hint := fmt.Sprintf("declare it under %ss in the configuration", kind)
	if near := text.Nearest(pattern, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return "", wamp.Fail(wamp.ErrInvalidArgument, "there is no contract %s of a %s; %s", pattern, kind, hint)
}

// withoutTypes returns a pattern with {name} for each parameter.
func withoutTypes(components []component) string {
	var b strings.Builder
	for _, c := range components {
		if c.separator != 0 {
			b.WriteByte(c.separator)
		}
		if c.kind == literal {
			b.WriteString(c.text)
		} else {
			b.WriteString("{" + c.name + "}")
		}
	}
	return b.String()
}

// fill returns the URI with these values of the parameters. The error is a [*wamp.Failure].
func (p *Pattern) fill(params map[string]string) (wamp.URI, error) {
	for _, given := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(p.names, given) {
			hint := "it has " + strings.Join(p.names, ", ")
			if near := text.Nearest(given, p.names); near != "" {
				hint = "did you mean " + near + "?"
			}
			return "", wamp.Fail(wamp.ErrInvalidArgument, "the contract %s has no parameter %s; %s", p.text, given, hint)
		}
	}
	var b strings.Builder
	for i := range p.components {
		c := &p.components[i]
		if c.separator != 0 {
			b.WriteByte(c.separator)
		}
		if c.kind == literal {
			b.WriteString(c.text)
			continue
		}
		value, given := params[c.name]
		switch {
		case !given:
			return "", wamp.Fail(wamp.ErrInvalidArgument, "the contract %s has the parameter %s, which is not given", p.text, c.name)
		case !c.accepts(value):
			return "", wamp.Fail(wamp.ErrInvalidArgument, "%s: %s", p.text, c.refusal(value))
		}
		encoded, err := wamp.EncodeParameter(value)
		if err != nil {
			return "", wamp.Fail(wamp.ErrInvalidArgument, "%s: %s: %v", p.text, c.name, err)
		}
		b.WriteString(encoded)
	}
	return wamp.URI(b.String()), nil
}

// refusal says why a parameter cannot have a value.
func (c *component) refusal(value string) string {
	must := "not be empty"
	switch c.kind {
	case list:
		must = "be one of " + strings.Join(c.values, ", ")
	case integer:
		must = "be an integer"
	case uuid:
		must = "be a UUID"
	case slug:
		must = "be lower-case letters and digits with single - or _ between them"
	case expression:
		must = "match " + c.text
	case literal, untyped:
	}
	return fmt.Sprintf("%s is %.100q, and must %s", c.name, value, must)
}
