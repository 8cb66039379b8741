package routing

import (
	"fmt"
	"regexp"
	"strings"
)

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
