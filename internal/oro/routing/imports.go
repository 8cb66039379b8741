package routing

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

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
	if extension := strings.ToLower(filepath.Ext(name)); extension == ".xml" || extension == ".php" {
		i.fail(at, "write its content as YAML, and give that file", "cannot read the file: only .yml and .yaml are understood")
		return nil
	}
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

// importOf follows an import.
func (i *importing) importOf(at node, list []entry) {
	resource := value(list, "resource")
	if resource == nil {
		i.fail(at, "write resource: and the name of a file", "an import names no file")
		return
	}
	name, ok := resource.text()
	if !ok {
		i.fail(*resource, "write the name of a file", "the resource of an import must be text, but it is %s", resource.describe())
		return
	}
	if kind := value(list, "type"); kind != nil && !kind.isNull() && !slices.Contains([]string{"yaml", "yml", "glob"}, kind.Value) {
		i.fail(*kind, "import a YAML file", "imports of the type %s cannot be read", kind.Value)
		return
	}
	var exclude []string
	if patterns := value(list, "exclude"); patterns != nil {
		for _, item := range append(i.items(*patterns), *patterns) {
			if pattern, ok := item.text(); ok {
				exclude = append(exclude, filepath.Join(filepath.Dir(at.in.name), filepath.FromSlash(strings.TrimSuffix(pattern, "/"))))
			}
		}
	}
	i.resource(*resource, name, exclude)
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
		if !isYAML(name) {
			i.complain(at, "write its content as YAML and import that, or remove the import", "cannot read %s: only .yml and .yaml are understood", name)
			continue
		}
		i.file(name, &at)
	}
}

func isYAML(name string) bool {
	extension := strings.ToLower(filepath.Ext(name))
	return extension == ".yml" || extension == ".yaml"
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
