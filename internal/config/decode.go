package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/text"
)

const (
	// maxNodes bounds the decoded values, with aliases followed: a small file can expand to many values.
	maxNodes = 200_000
	// maxDepth bounds nesting, which is 4 in the schema; free values (args) may nest further.
	maxDepth = 32
)

// spec describes the value to decode.
type spec struct {
	path  string // as in [Config.Pos]; "" at the top
	tag   reflect.StructTag
	label string // the last key, if the file chose it: it may have dots; otherwise ""
}

// name returns the last key of the path, and for an element of a list the key of the list with the index.
func (s spec) name() string {
	if s.label != "" {
		return s.label
	}
	name := s.path[strings.LastIndexByte(s.path, '.')+1:]
	if _, err := strconv.Atoi(name); err == nil {
		list := strings.TrimSuffix(s.path, "."+name)
		return list[strings.LastIndexByte(list, '.')+1:] + "[" + name + "]"
	}
	return name
}

func (s spec) below(name string, tag reflect.StructTag) spec {
	if s.path != "" {
		name = s.path + "." + name
	}
	return spec{path: name, tag: tag}
}

// decoder fills a [Config] and its sections from the tree, and collects the problems.
type decoder struct {
	source    *source
	schema    schema
	options   Options
	problems  Problems
	warnings  Problems
	positions map[string]Pos
	origins   map[*yaml.Node]Pos // of values that are not from the file
	budget    int
	depth     int
	exhausted bool

	interpolated map[string]bool // variables that values of the file name
}

func newDecoder(s *source, options Options) *decoder {
	return &decoder{source: s, schema: newSchema(options.Sections), options: options, positions: make(map[string]Pos), origins: make(map[*yaml.Node]Pos), interpolated: make(map[string]bool), budget: maxNodes}
}

// restart makes the decoder ready to decode the tree again.
func (d *decoder) restart(problems Problems) {
	d.problems, d.warnings = problems, nil
	d.positions, d.interpolated = make(map[string]Pos), make(map[string]bool)
	d.budget, d.depth, d.exhausted = maxNodes, 0, false
}

// finish returns the problems in order, each with its line.
func (d *decoder) finish() Problems {
	d.problems.Sort()
	for i := range d.warnings {
		d.warnings[i].excerpt = d.source.excerpt(d.warnings[i].Pos)
	}
	if len(d.problems) > maxProblems {
		d.problems = d.problems[:maxProblems]
	}
	for i := range d.problems {
		d.problems[i].excerpt = d.source.excerpt(d.problems[i].Pos)
	}
	return d.problems
}

func (d *decoder) pos(n *yaml.Node) Pos {
	if origin, ok := d.origins[n]; ok {
		return origin
	}
	return Pos{d.source.name, n.Line, n.Column}
}

func (d *decoder) problem(n *yaml.Node, message, fix string) { d.tell(d.pos(n), message, fix) }

// tell collects a problem. It keeps many more than are shown, because they are not found in order.
func (d *decoder) tell(pos Pos, message, fix string) {
	if len(d.problems) < 10*maxProblems {
		d.problems = append(d.problems, Problem{Pos: pos, Message: message, Fix: fix})
	}
}

// warn collects what the file may say, but rarely means.
func (d *decoder) warn(pos Pos, message, fix string) {
	if len(d.warnings) < maxProblems {
		d.warnings = append(d.warnings, Problem{Pos: pos, Message: message, Fix: fix})
	}
}

// reject collects a problem with a value that is not decoded further. The value may hold a misplaced secret, so it
// is masked.
func (d *decoder) reject(n *yaml.Node, message, fix string) {
	if n.Kind != yaml.ScalarNode {
		d.source.mask(n)
	}
	d.problem(n, message, fix)
}

// resolve follows an alias and counts the node. It returns nil if the budget is used up.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	d.budget--
	if d.budget < 0 || d.depth > maxDepth {
		if !d.exhausted {
			d.exhausted = true
			d.problem(n, "the values are nested too deeply or repeat too often", "use fewer aliases, and none inside of what it stands for")
		}
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (d *decoder) decode(n *yaml.Node, target reflect.Value, s spec) {
	if n = d.resolve(n); n == nil {
		return
	}
	d.depth++
	defer func() { d.depth-- }()
	d.positions[s.path] = d.pos(n)
	t := target.Type()
	switch {
	case isNull(n) && (isScalar(t) || t.Kind() == reflect.Pointer):
		d.problem(n, s.name()+" has no value", "give it one, or remove the key")
	case isNull(n) && t.Kind() == reflect.Struct:
		d.section(&yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}, target, s)
	case isNull(n):
		d.defaults(target, s)
	case isScalar(t):
		d.scalar(n, target, s)
	case t.Kind() == reflect.Pointer:
		target.Set(reflect.New(t.Elem()))
		d.section(n, target.Elem(), s)
	case t.Kind() == reflect.Struct:
		d.section(n, target, s)
	case s.tag.Get("map") != "":
		d.entries(n, target, s)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Interface:
		d.list(n, target, s)
	default:
		d.free(n, target, s)
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// section decodes a mapping with the keys of a struct.
func (d *decoder) section(n *yaml.Node, target reflect.Value, s spec) {
	if at := target.FieldByName("Pos"); at.IsValid() {
		at.Set(reflect.ValueOf(d.pos(n)))
	}
	if short := s.tag.Get("short"); short != "" && n.Kind == yaml.ScalarNode {
		n = d.shorthand(n, short)
	}
	if n.Kind != yaml.MappingNode {
		if holdsSecret(target.Type()) {
			d.source.mask(n)
		}
		d.reject(n, fmt.Sprintf("%s must be a section of keys, but it is %s", s.name(), describe(n)),
			"write its keys below it: "+strings.Join(names(target.Type()), ", "))
		d.defaults(target, s)
		return
	}
	given := d.mapping(n)
	d.renamed(given, target.Type(), s)
	for _, label := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names(target.Type()), label) {
			d.unknown(given[label], target.Type(), s)
		}
	}
	for _, field := range fields(target.Type()) {
		name := field.Tag.Get("key")
		below, value := s.below(name, field.Tag), target.FieldByIndex(field.Index)
		pair, ok := given[name]
		switch {
		case ok:
			d.decode(pair.value, value, below)
		case field.Tag.Get("required") != "" && d.given(below.path):
			// It is misspelled, which is reported.
		case field.Tag.Get("required") != "":
			d.problem(n, fmt.Sprintf("%s is missing in %s", name, inside(s)), "add "+name+": "+lowerFirst(field.Tag.Get("doc")))
		default:
			d.defaults(value, below)
		}
	}
}

// renamed takes keys by the names that they had in earlier versions.
func (d *decoder) renamed(given map[string]pair, section reflect.Type, s spec) {
	for _, field := range fields(section) {
		name, old := field.Tag.Get("key"), field.Tag.Get("old")
		p, ok := given[old]
		if old == "" || !ok {
			continue
		}
		delete(given, old)
		if _, twice := given[name]; twice {
			d.problem(p.key, fmt.Sprintf("%s is the old name of %s, which %s has, too", old, name, inside(s)), "remove "+old)
			continue
		}
		given[name] = p
	}
}

// shorthand returns the section that a single value stands for.
func (d *decoder) shorthand(n *yaml.Node, name string) *yaml.Node {
	label := scalarNode(name)
	made := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column, Content: []*yaml.Node{label, n}}
	label.Line, label.Column = n.Line, n.Column
	if origin, ok := d.origins[n]; ok {
		d.origins[made], d.origins[label] = origin, origin
	}
	return made
}

type pair struct{ key, value *yaml.Node }

// mapping returns the pairs of a mapping by key, and reports bad keys.
func (d *decoder) mapping(n *yaml.Node) map[string]pair {
	pairs := make(map[string]pair, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := pair{n.Content[i], n.Content[i+1]}
		switch first, twice := pairs[p.key.Value]; {
		case p.key.Kind != yaml.ScalarNode:
			d.source.mask(p.value)
			d.reject(p.key, "a key is "+describe(p.key), "write a word; quote it if it begins with {")
		case p.key.Tag == "!!merge":
			d.source.mask(p.value)
			d.problem(p.key, "merging with << is not supported", "write the keys out, or use an alias for the whole section")
		case twice:
			d.source.mask(p.value)
			d.problem(p.key, fmt.Sprintf("%s appears twice, first on line %d", clip(p.key.Value), first.key.Line), "remove one of them")
		default:
			pairs[p.key.Value] = p
		}
	}
	return pairs
}

// removedKeys holds the fixes for keys of earlier versions, by path or by the type of the section and the key.
var removedKeys = map[string]string{
	"websocket.gather":  "remove it: events for one client share a write while its writer is busy",
	"websocket.writers": "remove it: there is one writer for each processor",
	"Topic history":     "write keep: {last: N} instead",
}

// unknown reports a key that the section does not have, with the key that was probably meant.
func (d *decoder) unknown(p pair, section reflect.Type, s spec) {
	d.source.mask(p.value)
	if len(d.problems) > maxProblems {
		return // this is not a configuration at all
	}
	removed := cmp.Or(removedKeys[s.below(p.key.Value, "").path], removedKeys[section.Name()+" "+p.key.Value])
	fix := "it has " + strings.Join(names(section), ", ")
	if near := text.Nearest(p.key.Value, names(section)); removed != "" {
		fix = removed
	} else if near != "" {
		fix = "did you mean " + near + "?"
		if at := s.below(near, "").path; !d.given(at) {
			d.positions[at] = d.pos(p.key) // not missing, only misspelled
		}
	} else if home := d.schema.homeOf(p.key.Value); home != "" {
		fix = "it belongs to " + home
	}
	d.problem(p.key, fmt.Sprintf("there is no key %s in %s", clip(p.key.Value), inside(s)), fix)
}

// homeOf returns the section of a key, if only one section has it.
func (s schema) homeOf(name string) string {
	home := ""
	for _, k := range keys(s.root, "") {
		if k.name != name {
			continue
		}
		if home != "" {
			return ""
		}
		if home = strings.TrimRight(strings.TrimSuffix(k.path, name), ".[]"); home == "" {
			home = "the top"
		}
	}
	return home
}

// inside returns the name of a section for a sentence.
func inside(s spec) string {
	if s.path == "" {
		return "the configuration"
	}
	if strings.HasSuffix(s.name(), "]") {
		return s.name()
	}
	return clip(s.path)
}

// clip shortens a quoted text.
func clip(text string) string {
	const most = 80
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "..."
}

func lowerFirst(text string) string {
	if text == "" {
		return text
	}
	if end := strings.IndexAny(text, ".;:"); end >= 0 {
		text = text[:end]
	}
	return strings.TrimSuffix(strings.ToLower(text[:1])+text[1:], ".")
}

// entries decodes a mapping whose keys the file chooses into a list.
func (d *decoder) entries(n *yaml.Node, target reflect.Value, s spec) {
	if n.Kind != yaml.MappingNode {
		d.reject(n, fmt.Sprintf("%s must be a section with a pattern for each key, but it is %s", s.name(), describe(n)), `write for example "order.{id:int}": and the keys of the contract below it`)
		return
	}
	d.mapping(n) // reports bad keys
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		label, value := n.Content[i], n.Content[i+1]
		if label.Kind != yaml.ScalarNode || label.Tag == "!!merge" || seen[label.Value] {
			continue
		}
		seen[label.Value] = true
		entry := reflect.New(target.Type().Elem()).Elem()
		entry.FieldByName(s.tag.Get("map")).Set(reflect.ValueOf(d.textOf(label, label.Value, false)))
		below := s.below(label.Value, reflect.StructTag(fmt.Sprintf("short:%q", s.tag.Get("short"))))
		below.label = clip(label.Value)
		d.decode(value, entry, below)
		target.Set(reflect.Append(target, entry))
	}
}

// list decodes a sequence. With the tag single, one value stands for a list of it.
func (d *decoder) list(n *yaml.Node, target reflect.Value, s spec) {
	elements := n.Content
	if n.Kind == yaml.ScalarNode && s.tag.Get("single") != "" {
		elements = []*yaml.Node{n}
	} else if n.Kind != yaml.SequenceNode {
		if holdsSecret(target.Type().Elem()) {
			d.source.mask(n)
		}
		fix := "write [one, two], or one per line with - before it"
		if element := target.Type().Elem(); element.Kind() == reflect.Struct && !isScalar(element) {
			fix = "write a list of sections, each with - before it and the keys " + strings.Join(names(element), ", ")
		}
		d.reject(n, fmt.Sprintf("%s must be a list, but it is %s", s.name(), describe(n)), fix)
		return
	}
	list := reflect.MakeSlice(target.Type(), len(elements), len(elements))
	for i, element := range elements {
		d.decode(element, list.Index(i), s.below(strconv.Itoa(i), s.tag))
	}
	target.Set(list)
}

// describe returns the name of a kind of node, for messages.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "empty"
		}
		return "a single value"
	case yaml.AliasNode:
		return "an alias"
	default:
		return "something else"
	}
}
