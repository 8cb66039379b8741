package routing

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/config"
)

// document is the text of a file.
type document struct {
	name  string
	lines []string
	nodes int // that may still be visited
}

// node is a value with its file.
type node struct {
	*yaml.Node
	in *document
}

func (n node) pos() config.Pos { return config.Pos{File: n.in.name, Line: n.Line, Column: n.Column} }

// with returns a value of the same file.
func (n node) with(inner *yaml.Node) node {
	for inner.Kind == yaml.AliasNode && inner.Alias != nil {
		inner = inner.Alias
	}
	return node{inner, n.in}
}

func (n node) isNull() bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// text returns a scalar as text.
func (n node) text() (string, bool) {
	return n.Value, n.Kind == yaml.ScalarNode && !n.isNull() && (strings.HasPrefix(n.Tag, "!!") || n.Tag == "")
}

// describe names a kind of value, for messages.
func (n node) describe() string {
	switch {
	case n.isNull():
		return "empty"
	case n.Kind == yaml.MappingNode:
		return "a section of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag != "" && !strings.HasPrefix(n.Tag, "!!"):
		return "a value with the tag " + n.Tag
	}
	return fmt.Sprintf("%.60q", n.Value)
}

func (r *reader) fail(at node, fix, message string, args ...any) {
	r.problems = append(r.problems, problem(at, fix, fmt.Sprintf(message, args...)))
}

func (r *reader) note(at node, fix, message string, args ...any) {
	r.notes = append(r.notes, problem(at, fix, fmt.Sprintf(message, args...)))
}

func problem(at node, fix, message string) config.Problem {
	p := config.Problem{Pos: at.pos(), Message: message, Fix: fix}
	if at.Line > 0 && at.Line <= len(at.in.lines) {
		p = p.WithLine(at.in.lines[at.Line-1])
	}
	return p
}

// entry is a key of a mapping with its value.
type entry struct{ key, value node }

// entries returns the entries of a mapping, with those that it merges (<<) behind its own. A key that is given twice is
// a problem, as in Symfony.
func (r *reader) entries(n node) []entry {
	var list []entry
	if r.exhausted(n) || n.Kind != yaml.MappingNode {
		return nil
	}
	known := make(map[string]bool)
	var merged []node
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry{n.with(n.Content[i]), n.with(n.Content[i+1])}
		switch {
		case e.key.Tag == "!!merge":
			merged = append(merged, e.value)
		case e.key.Kind != yaml.ScalarNode:
			r.fail(e.key, "write text before the colon", "a key must be text, but it is %s", e.key.describe())
		case known[e.key.Value]:
			r.fail(e.key, "remove one", "the key %s is here twice", e.key.Value)
		default:
			known[e.key.Value] = true
			list = append(list, e)
		}
	}
	for _, source := range merged {
		sources := []node{source}
		if source.Kind == yaml.SequenceNode {
			sources = r.items(source)
		}
		for _, from := range sources {
			for _, e := range r.entries(from) {
				if !known[e.key.Value] {
					known[e.key.Value] = true
					list = append(list, e)
				}
			}
		}
	}
	return list
}

// items returns the elements of a list.
func (r *reader) items(n node) []node {
	var list []node
	if r.exhausted(n) || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, inner := range n.Content {
		list = append(list, n.with(inner))
	}
	return list
}

// exhausted counts a visited value. Values that stand for many others by aliases end there.
func (r *reader) exhausted(n node) bool {
	if n.in.nodes -= 1 + len(n.Content); n.in.nodes >= 0 {
		return false
	}
	if n.in.nodes > -maxNodes { // reported once
		n.in.nodes = -2 * maxNodes
		r.fail(n, "use fewer aliases", "the values of the file are too many, or repeat too often")
	}
	return true
}

// value returns the value of a key, or nil.
func value(list []entry, key string) *node {
	for _, e := range list {
		if e.key.Value == key {
			return &e.value
		}
	}
	return nil
}
