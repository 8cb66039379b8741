package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes is far more than a configuration with thousands of contracts needs.
const maxFileBytes = 4 << 20

// Options are the sources of a configuration beside the file. Later sources win: the file, the
// environment, Set.
type Options struct {
	// Sections are the parts of the configuration that features own.
	Sections []Section
	// Set are assignments such as "limits.outbox_bytes=2MiB"; the value is YAML. A key with dots in
	// it is quoted: topics."user.{user}.mail".doc=Mail.
	Set []string
	// Lookup reads the environment; nil is [os.LookupEnv].
	Lookup func(name string) (value string, ok bool)
	// Environ lists the environment, for warnings of variables that are no keys; nil is [os.Environ] if Lookup is nil,
	// and no variable otherwise.
	Environ func() []string
	// Demo admits short API keys, for the demo, whose key is published in the manual.
	Demo bool
}

// Load reads a configuration file; "" is a configuration without a file. The error is [Problems] with all mistakes.
func Load(path string, options Options) (*Config, error) {
	if path == "" {
		return Parse("", nil, options)
	}
	data, err := read(path)
	if err != nil {
		fix := "name another file"
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fix = "make it, or name another file"
		case errors.Is(err, fs.ErrPermission):
			fix = "run the command as a user that may read it (sudo), or let this user read it"
		}
		return nil, Problems{{Pos: Pos{File: path}, Message: err.Error(), Fix: fix}}
	}
	return Parse(path, data, options)
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err // the position before the message has the path
		}
		return nil, fmt.Errorf("open the configuration: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("the configuration is longer than %d bytes", maxFileBytes)
	}
	return data, nil
}

// Parse reads a configuration from memory. Relative file names in it are relative to the folder of name. Besides
// [Problems] it returns what it could read, if that was YAML. So a caller can find further mistakes in it, and report
// all at once.
func Parse(name string, data []byte, options Options) (*Config, error) {
	if options.Lookup == nil {
		options.Lookup = os.LookupEnv
		if options.Environ == nil {
			options.Environ = os.Environ
		}
	}
	d := newDecoder(newSource(name, data), options)
	root := d.document(data)
	if root == nil {
		return nil, d.finish()
	}
	d.override(root, options)
	c := d.whole(root, filepath.Dir(name))
	d.validate(c, options)
	if options.Environ != nil {
		d.warnOfVariables(options.Environ())
	}
	defer func() { c.warnings = d.warnings }()
	if problems := d.finish(); len(problems) > 0 {
		return c, problems
	}
	return c, nil
}

// whole decodes the tree with what its sections preset.
func (d *decoder) whole(root *yaml.Node, directory string) *Config {
	before := d.problems
	c := d.once(root, directory)
	presets, problems := d.presets(c)
	if len(presets) > 0 {
		for _, p := range presets {
			value := scalarNode(p.Value)
			d.originate(value, Pos{File: p.From})
			d.assign(root, strings.Split(p.Path, "."), value)
		}
		d.restart(before)
		c = d.once(root, directory)
		_, problems = d.presets(c) // sections may keep what they have found
	}
	d.problems = append(d.problems, problems...)
	return c
}

// once decodes the tree.
func (d *decoder) once(root *yaml.Node, directory string) *Config {
	whole := reflect.New(d.schema.root).Elem()
	d.decode(root, whole, spec{})
	c := whole.Field(0).Addr().Interface().(*Config)
	c.directory, c.source, c.positions = directory, d.source, d.positions
	for i := 1; i < whole.NumField(); i++ {
		c.sections = append(c.sections, whole.Field(i).Addr().Interface())
	}
	return c
}

// presets returns what sections preset of the keys that are left out.
func (d *decoder) presets(c *Config) (presets []Preset, problems Problems) {
	for _, section := range c.sections {
		presetter, ok := section.(Presetter)
		if !ok {
			continue
		}
		all, wrong := presetter.Preset(c, d.options.Lookup)
		problems = append(problems, wrong...)
		for _, p := range all {
			if _, there := d.positions[p.Path]; !there {
				presets = append(presets, p)
			}
		}
	}
	return presets, problems
}

// Resolve returns the path of a file that the configuration names. A relative name is relative to the
// configuration file, not to the working directory.
func (c *Config) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.directory, path)
}

// document parses the YAML and returns its top mapping, or nil if it has none.
func (d *decoder) document(data []byte) *yaml.Node {
	empty := &yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return empty
	case err != nil:
		d.syntax(err)
		return nil
	}
	var second yaml.Node
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.problem(&second, "the file holds a second document", "remove everything from --- on")
	case !errors.Is(err, io.EOF):
		d.syntax(err)
		return nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return empty
	}
	if root.Kind != yaml.MappingNode {
		d.source.mask(root)
		d.problem(root, "the file is not a configuration: it is "+describe(root), "write keys and values, for example listen: :8080")
		return nil
	}
	return root
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	unknownAnchor = regexp.MustCompile(`unknown anchor '([^']*)'`)
)

// syntax reports the error of the YAML parser, which knows lines only and stops at the first error.
func (d *decoder) syntax(err error) {
	d.source.blind = true
	pos, message := Pos{d.source.name, 1, 1}, err.Error()
	if m := yamlError.FindStringSubmatch(message); m != nil {
		message = m[2]
		if line, err := strconv.Atoi(m[1]); err == nil && line > 0 {
			pos.Line = line
		}
	}
	told := pos.Line
	pos.Line = d.source.broken(told)
	line, _ := d.source.line(pos.Line)
	pos.Column = len(line) - len(strings.TrimLeft(line, " ")) + 1
	fix := "check brackets, quotes, colons and indentation here and in the line above"
	if strings.HasPrefix(strings.TrimLeft(line, " "), "\t") {
		fix = "indent with spaces, not with tabs"
	}
	for number := max(1, told-1); number <= pos.Line; number++ {
		line, _ := d.source.line(number)
		if likely, column, ok := d.likelyMistake(line, d.source.secretive(number)); ok {
			fix, pos.Line, pos.Column = likely, number, column
			break
		}
	}
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		fix = "define it with &" + m[1] + " before it is used"
		pos = d.source.find("*"+m[1], pos)
	}
	d.tell(pos, "this is not YAML: "+message, fix)
}
