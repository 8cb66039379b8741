package config

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// variable matches ${NAME} and ${NAME:-default}, as in shells. $${ is a literal ${.
var variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}`)

// text returns the value of a scalar with its variables replaced. Values from the environment and the command
// line are not changed, because a shell has replaced their variables. secret says what the value is for.
func (d *decoder) text(n *yaml.Node, secret bool) (string, bool) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		d.problem(n, "YAML takes "+clip(n.Tag)+" for a tag, and not for a part of the value", "put the whole value in quotes; in a rule, write not instead of !")
		return "", false
	}
	if _, elsewhere := d.origins[n]; elsewhere || !strings.Contains(n.Value, "${") {
		return n.Value, true
	}
	spelled := &scalar{source: d.source, line: n.Line, column: n.Column, style: n.Style}
	var b strings.Builder
	good := true
	for at := 0; at < len(n.Value); {
		rest := n.Value[at:]
		i := strings.Index(rest, "${")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '$' {
			b.WriteString(rest[:i-1] + "${")
			at += i + len("${")
			continue
		}
		b.WriteString(rest[:i])
		at += i
		value, length, bad := d.variable(n.Value[at:])
		if bad != nil {
			if secret && bad.secret {
				bad.fix = "set it before the server starts"
			}
			d.tell(spelled.at(n.Value, at), bad.message, bad.fix)
			good = false
		}
		b.WriteString(value)
		at += length
	}
	return b.String(), good
}

// variable returns the value of the variable at the beginning of a text, and the length of its name.
func (d *decoder) variable(text string) (value string, length int, bad *invalid) {
	m := variable.FindStringSubmatch(text)
	if m == nil {
		return "", len("${"), wrong("${ does not begin a variable here", "write ${NAME} or ${NAME:-default}, or $${ for the characters themselves")
	}
	d.interpolated[m[1]] = true
	value, ok := d.options.Lookup(m[1])
	hasDefault := strings.Contains(m[0], ":-")
	switch {
	case hasDefault && value == "":
		return m[2], len(m[0]), nil
	case !ok:
		missing := wrong(
			fmt.Sprintf("the environment variable %s is not set", m[1]),
			fmt.Sprintf("set it, or write ${%s:-default}", m[1]),
		)
		missing.secret = true // of which there should be no default
		return "", len(m[0]), missing
	}
	return value, len(m[0]), nil
}
