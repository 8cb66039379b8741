package routing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/config"
)

const (
	// maxFileBytes is that of a configuration: the largest file of Oro has 100 KB.
	maxFileBytes = 4 << 20
	// maxDepth bounds imports of imports.
	maxDepth = 20
	// maxLoads bounds the imports of all files together, because two imports of each file double at each depth.
	maxLoads = 1000
	// maxNodes bounds the values of one file, with aliases followed.
	maxNodes = 200_000
	// maxProblems bounds what is reported at once.
	maxProblems = 100
)

// Files opens the files of an application. Names are paths of the machine.
type Files interface {
	Open(name string) (fs.File, error)
	// Glob returns the files that a pattern of path/filepath matches, in order.
	Glob(pattern string) ([]string, error)
}

// reader reads files, and collects what is wrong in them.
type reader struct {
	files    Files
	given    []string // the files of the command line: what an import of a bundle may mean
	loads    int
	read     map[string]*node // by path; nil: the file has no usable content
	problems config.Problems
	notes    config.Problems
}

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

func (r *reader) bytes(name string) ([]byte, error) {
	file, err := r.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxFileBytes:
		return nil, fmt.Errorf("it is longer than %d bytes", maxFileBytes)
	case !utf8.Valid(data):
		return nil, errors.New("it is not UTF-8")
	}
	return data, nil
}

// reason leaves the path out of an error, because the message has it.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// parse returns the document of a file, or nil if it is empty or no YAML.
func (r *reader) parse(at node, data []byte) *node {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if next := decoder.Decode(&second); next == nil {
			r.fail(at.with(&second), "remove everything from --- on", "the file holds a second document")
			return nil
		} else if !errors.Is(next, io.EOF) {
			err = next
		}
	}
	if err != nil {
		line, message := 1, err.Error()
		if m := yamlError.FindStringSubmatch(message); m != nil {
			message = m[2]
			if told, err := strconv.Atoi(m[1]); err == nil {
				line = told
			}
		}
		at.in.lines = nil // the line may have a password
		r.fail(at.with(&yaml.Node{Line: line, Column: 1}), "check brackets, quotes, colons and indentation here and in the line above", "this is not YAML: %s", message)
		return nil
	}
	root := at.with(document.Content[0])
	if root.isNull() {
		return nil
	}
	return &root
}

// importing follows the imports of one kind of files.
type importing struct {
	*reader
	chain   []string // of the files that are being read, the outermost first
	visit   func(root node)
	lenient bool // an import that cannot be followed is no mistake: few services files have handlers
}

// complain reports an import that cannot be followed.
func (i *importing) complain(at node, fix, message string, args ...any) {
	if i.lenient {
		i.note(at, fix, message, args...)
		return
	}
	i.fail(at, fix, message, args...)
}

// load returns the content of a file. nil means that there is none, or that a problem is reported. from is the place
// that names the file, nil for the command line.
func (i *importing) load(name string, from *node) *node {
	if root, ok := i.read[name]; ok {
		return root
	}
	i.read[name] = nil
	at := node{&yaml.Node{}, &document{name: name, nodes: maxNodes}}
	data, err := i.bytes(name)
	switch {
	case err != nil && from != nil:
		i.complain(*from, "correct the name, or remove the import", "cannot read %s: %v", name, reason(err))
		return nil
	case errors.Is(err, fs.ErrPermission):
		i.fail(at, "run the command as a user that may read it, or let this user read it", "cannot read the file: %v", reason(err))
		return nil
	case err != nil:
		i.fail(at, "name another file", "cannot read the file: %v", reason(err))
		return nil
	}
	at.in.lines = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	i.read[name] = i.parse(at, data)
	return i.read[name]
}

// file reads a file and all that it imports. from is the place that names it, nil for the command line.
func (i *importing) file(name string, from *node) {
	name = filepath.Clean(name)
	at := node{&yaml.Node{}, &document{name: name}}
	if from != nil {
		at = *from
	}
	switch again := slices.Index(i.chain, name); {
	case again >= 0:
		i.complain(at, "remove one of the imports", "the imports go round: %s", strings.Join(append(slices.Clone(i.chain[again:]), name), " imports "))
		return
	case len(i.chain) > maxDepth:
		i.complain(at, "name the file on the command line instead", "imports are nested deeper than %d files", maxDepth)
		return
	case i.loads > maxLoads:
		return
	}
	if i.loads++; i.loads > maxLoads {
		i.complain(at, "name the files on the command line, each once", "more than %d files are imported", maxLoads)
		return
	}
	i.chain = append(i.chain, name)
	if root := i.load(name, from); root != nil {
		i.visit(*root)
	}
	i.chain = i.chain[:len(i.chain)-1]
}

// resource reads the files that an import names, relative to the file of the import.
func (i *importing) resource(at node, resource string, exclude []string) {
	path, ok := i.locate(at, resource)
	if !ok {
		return
	}
	names := []string{path}
	if strings.ContainsAny(path, "*?[") {
		found, err := i.files.Glob(path)
		if err != nil {
			i.complain(at, "correct it, or name the files", "the pattern %s is invalid", resource)
			return
		}
		if names = found; len(names) == 0 {
			i.note(at, "correct the pattern if a file should be there", "no file matches %s", resource)
		}
	}
	for _, name := range names {
		if excluded(name, exclude) {
			continue
		}
		switch extension := strings.ToLower(filepath.Ext(name)); extension {
		case ".yml", ".yaml":
			i.file(name, &at)
		default:
			i.complain(at, "write its content as YAML and import that, or remove the import", "cannot read %s: only .yml and .yaml are understood", name)
		}
	}
}

// locate returns the path of a resource. Names of bundles and of parameters are known to the application only: they
// stand for a file of the command line with the same end.
func (i *importing) locate(at node, resource string) (path string, ok bool) {
	rest, bundle := "", ""
	switch {
	case resource == "":
		i.complain(at, "name a file", "the import names no file")
		return "", false
	case strings.ContainsAny(resource, "{}") || strings.Contains(resource, "**"):
		i.complain(at, "name the files, or use * and ? only", "the pattern %s has ** or {}, which are not understood", resource)
		return "", false
	case strings.HasPrefix(resource, "@"):
		bundle, rest, _ = strings.Cut(resource[1:], "/")
	case strings.Contains(resource, "%"):
		rest = strings.TrimLeft(resource[strings.LastIndexByte(resource, '%')+1:], "/")
	case filepath.IsAbs(resource):
		return resource, true
	default:
		return filepath.Join(filepath.Dir(at.in.name), filepath.FromSlash(resource)), true
	}
	var found []string
	for _, name := range i.given {
		slash := "/" + filepath.ToSlash(filepath.Clean(name))
		if rest == "" || !strings.HasSuffix(slash, "/"+rest) || filepath.Clean(name) == filepath.Clean(at.in.name) {
			continue
		}
		if bundle != "" && strings.Contains(slash, "/"+bundle+"/") {
			return name, true
		}
		if bundle == "" || !strings.Contains(slash, "Bundle/") {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], true
	case 0:
		i.complain(at, fmt.Sprintf("give the file itself on the command line, too: one whose name ends with /%s", rest), "only the application knows where %s is", resource)
	default:
		i.complain(at, "write the path relative to this file", "%s may be each of %s", resource, strings.Join(found, ", "))
	}
	return "", false
}

// excluded reports whether a file is one that an import leaves out, or below a folder that it leaves out.
func excluded(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		for path := filepath.Clean(name); ; path = filepath.Dir(path) {
			if match, err := filepath.Match(pattern, path); err == nil && match {
				return true
			}
			if parent := filepath.Dir(path); parent == path {
				return false
			}
		}
	})
}
