package schema

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSchemaBytes bounds a schema file. It is far above what people write.
const maxSchemaBytes = 1 << 20

// Options configure a [Loader]. The zero value works.
type Options struct {
	Directory string // that schemas are relative to; "" means the working directory
	Files     fs.FS  // that schemas are read from; nil means the machine's
	Steps     int    // of a validation, for each byte of the value; 0 means DefaultSteps
}

// Loader compiles schemas. A schema that several contracts name is compiled once.
type Loader struct {
	options  Options
	compiler *jsonschema.Compiler
	files    localFiles
	done     map[string]*Schema
}

// NewLoader returns a loader.
func NewLoader(options Options) *Loader {
	options.Steps = cmp.Or(options.Steps, DefaultSteps)
	l := &Loader{
		options: options,
		files:   localFiles{from: options.Files, text: make(map[string][]byte), documents: make(map[string]any)},
		done:    make(map[string]*Schema),
	}
	l.compiler = newCompiler(l.files)
	return l
}

func newCompiler(files localFiles) *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(files)
	return c
}

// Compile compiles a schema. name may point into a file (parts.json#/$defs/item).
func (l *Loader) Compile(name string) (*Schema, error) {
	if schema := l.done[name]; schema != nil {
		return schema, nil
	}
	absolute, fragment, _ := strings.Cut(name, "#")
	switch {
	case l.options.Files != nil:
		absolute = path.Join("/", l.options.Directory, absolute)
	case !filepath.IsAbs(absolute):
		directory, err := filepath.Abs(l.options.Directory)
		if err != nil {
			return nil, fmt.Errorf("find the folder of the schemas: %w", err)
		}
		absolute = filepath.Join(directory, absolute)
	}
	location := url.URL{Scheme: "file", Path: absolute}
	file := location.String()
	location.Fragment = fragment
	if _, err := l.compiler.Compile(location.String()); err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", name, compileError(err))
	}
	files := localFiles{documents: maps.Clone(l.files.documents)} // all that the schema refers to
	address := location.String()
	schema, err := newSchema(name, l.files.text[file], l.options.Steps, func() (*validator, error) {
		return compileBounded(address, files)
	})
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", name, compileError(err))
	}
	schema.location = address
	l.done[name] = schema
	return schema, nil
}

// boundVocabulary names the vocabulary by which compileBounded gets hold of all schemas.
const boundVocabulary = "urn:tidings:bound"

// compileBounded compiles a schema and bounds each schema that it is made of, also those that only a $dynamicRef finds.
func compileBounded(location string, files localFiles) (*validator, error) {
	var all []*jsonschema.Schema
	c := newCompiler(files)
	c.AssertVocabs()
	c.RegisterVocabulary(&jsonschema.Vocabulary{
		URL: boundVocabulary,
		Compile: func(ctx *jsonschema.CompilerContext, _ map[string]any) (jsonschema.SchemaExt, error) {
			all = append(all, ctx.Enqueue(nil)) // the schema that is being compiled
			return nil, nil
		},
	})
	compiled, err := c.Compile(location)
	if err != nil {
		return nil, err
	}
	v := &validator{compiled: compiled, meter: new(meter)}
	for _, schema := range all {
		bound(schema, v.meter)
	}
	return v, nil
}

// localFiles loads schemas and the files that they refer to. It refuses a reference to the network: a
// contract must not depend on another server.
type localFiles struct {
	from      fs.FS             // nil means the machine's
	text      map[string][]byte // by address
	documents map[string]any    // by address; read-only once they are there
}

func (l localFiles) open(name string) (fs.File, error) {
	if l.from == nil {
		return os.Open(name)
	}
	return l.from.Open(strings.TrimPrefix(name, "/"))
}

// Load implements [jsonschema.URLLoader].
func (l localFiles) Load(address string) (any, error) {
	if document, ok := l.documents[address]; ok {
		return document, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of a schema: %w", err)
	}
	if u.Scheme != "file" {
		return nil, errors.New("only local files are read; copy it next to this one")
	}
	text, err := l.readFile(u.Path)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if bad := badNumber(document); bad != nil {
		return nil, bad
	}
	l.text[address], l.documents[address] = text, document
	return document, nil
}

func (l localFiles) readFile(name string) ([]byte, error) {
	file, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSchemaBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSchemaBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", maxSchemaBytes)
	}
	return text, nil
}

// compileError shortens an error of the schema compiler to the part that helps.
func compileError(err error) error {
	if e, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		return errors.New("it is not a JSON Schema: " + complaints(e.Err, true))
	}
	if e, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		if p, ok := errors.AsType[*os.PathError](e.Err); ok {
			return fmt.Errorf("cannot read %s: %w", p.Path, p.Err)
		}
		return fmt.Errorf("%s: %w", strings.TrimPrefix(e.URL, "file://"), e.Err)
	}
	return err
}

var _ jsonschema.URLLoader = localFiles{}
