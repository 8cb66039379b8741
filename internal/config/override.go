package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// envPrefix begins the variable that overrides a key; the path of the key in capitals follows.
const envPrefix = "TIDINGS_"

// envName returns the variable of a path: limits.outbox_bytes is TIDINGS_LIMITS_OUTBOX_BYTES.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// override writes the environment and --set into the tree, as if they were in the file. Messages about such a
// value name its source.
func (d *decoder) override(root *yaml.Node, options Options) {
	for _, key := range keys(d.schema.root, "") {
		if !key.scalars() {
			continue
		}
		for _, path := range key.paths() {
			name := envName(path)
			if text, ok := options.Lookup(name); ok {
				d.assign(root, strings.Split(path, "."), d.fromEnvironment(name, text, key))
			}
		}
	}
	for _, assignment := range options.Set {
		d.set(root, assignment)
	}
}

// fromEnvironment returns the value of a variable as a node. Commas divide lists.
func (d *decoder) fromEnvironment(name, text string, key key) *yaml.Node {
	at := Pos{File: "environment " + name}
	node := scalarNode(text)
	if key.field.Type.Kind() == reflect.Slice && key.field.Type.Elem() != reflect.TypeFor[Secret]() {
		node = &yaml.Node{Kind: yaml.SequenceNode}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				node.Content = append(node.Content, scalarNode(item))
			}
		}
	}
	d.originate(node, at)
	return node
}

func scalarNode(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// originate records the source of a node and of everything in it.
func (d *decoder) originate(n *yaml.Node, at Pos) {
	d.origins[n] = at
	for _, child := range n.Content {
		d.originate(child, at)
	}
}

// set applies one --set.
func (d *decoder) set(root *yaml.Node, assignment string) {
	path, text, ok := cutAssignment(assignment)
	at := Pos{File: "--set"}
	if !ok {
		// The text is not shown, because it may be a secret without its key.
		d.tell(at, "an assignment is not of the form key=value", "write for example --set limits.outbox_bytes=2MiB")
		return
	}
	at.File = "--set " + strings.Join(path, ".")
	node := scalarNode(text)
	var document yaml.Node
	// Text that is not YAML, or only a comment, is a plain value.
	if err := yaml.Unmarshal([]byte(text), &document); err == nil && len(document.Content) == 1 && text != "" {
		node = document.Content[0]
	}
	d.originate(node, at)
	d.assign(root, path, node)
}

// cutAssignment splits a.b."c.d"=value.
func cutAssignment(assignment string) (path []string, value string, ok bool) {
	rest := assignment
	for {
		var name string
		if quoted, found := strings.CutPrefix(rest, `"`); found {
			if name, rest, found = strings.Cut(quoted, `"`); !found {
				return nil, "", false
			}
		} else {
			i := strings.IndexAny(rest, ".=")
			if i < 0 {
				return nil, "", false
			}
			name, rest = rest[:i], rest[i:]
		}
		path = append(path, name)
		switch {
		case name == "" || rest == "":
			return nil, "", false
		case rest[0] == '=':
			return path, rest[1:], true
		case rest[0] != '.':
			return nil, "", false
		}
		rest = rest[1:]
	}
}

// assign puts a value at a path, and creates the mappings above it. A section that the file shares by an alias is
// copied first, so only this place changes.
func (d *decoder) assign(root *yaml.Node, path []string, value *yaml.Node) {
	at := root
	for i, name := range path {
		child := child(at, name)
		last := i == len(path)-1
		switch {
		case last && child != nil:
			at.Content[child.index] = value
		case last:
			at.Content = append(at.Content, d.keyNode(name, value), value)
		case child == nil:
			next := &yaml.Node{Kind: yaml.MappingNode}
			d.origins[next] = d.origins[value]
			at.Content = append(at.Content, d.keyNode(name, value), next)
			at = next
		default:
			next := d.sharedSection(at.Content[child.index], value)
			if next == nil {
				d.problem(value, fmt.Sprintf("%s is not a section that could be set in part", strings.Join(path[:i+1], ".")), "set it as a whole")
				return
			}
			at.Content[child.index] = next
			at = next
		}
	}
}

func (d *decoder) keyNode(name string, value *yaml.Node) *yaml.Node {
	n := scalarNode(name)
	d.origins[n] = d.origins[value]
	return n
}

// sharedSection returns the mapping that takes a value, or nil if n cannot be one.
func (d *decoder) sharedSection(n, value *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
		if n.Kind == yaml.MappingNode {
			shared := *n
			shared.Content = append([]*yaml.Node(nil), n.Content...)
			return &shared
		}
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		made := &yaml.Node{Kind: yaml.MappingNode}
		d.origins[made] = d.origins[value]
		return made
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	return n
}

type found struct{ index int }

// child returns the place of a key's value in a mapping, or nil.
func child(mapping *yaml.Node, name string) *found {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name && mapping.Content[i].Kind == yaml.ScalarNode {
			return &found{i + 1}
		}
	}
	return nil
}
