package topic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxSchemaBytes bounds a schema file. It is far above what people write.
	maxSchemaBytes = 1 << 20
	// maxComplaints bounds the errors that are reported of one payload. A wrong list has one for each
	// element.
	maxComplaints = 3
	// maxComplaintBytes bounds the text of one error, because the text quotes the payload.
	maxComplaintBytes = 200
)

var english = message.NewPrinter(language.English)

// Schema is a compiled JSON Schema. It validates the JSON value that [wamp.Payload.Value] returns, and
// it asserts formats (date-time, email ...).
type Schema struct {
	path     string
	source   []byte
	compiled *jsonschema.Schema
}

// Path returns the file as the declaration names it. A JSON Pointer may follow behind #.
func (s *Schema) Path() string { return s.path }

// Source returns the content of the file, a JSON document.
func (s *Schema) Source() []byte { return s.source }

// check returns a [*wamp.Failure] with the first few places where a payload breaks the schema.
func (s *Schema) check(c *Contract, payload wamp.Payload) error {
	value, err := payload.Value()
	if err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "the payload for %s cannot be read: %v", c.Pattern, err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "the payload for %s cannot be read: %v", c.Pattern, err)
	}
	err = s.compiled.Validate(document)
	if err == nil {
		return nil
	}
	return wamp.Fail(wamp.ErrInvalidArgument, "the payload is not as the schema of %s says: %s", c.Pattern, complaints(err))
}

// schemas compiles the schemas of a table. Contracts that name the same file share a schema.
type schemas struct {
	options  Options
	compiler *jsonschema.Compiler
	files    localFiles
	done     map[string]*Schema
}

func newSchemas(options Options) *schemas {
	s := &schemas{
		options:  options,
		compiler: jsonschema.NewCompiler(),
		files:    localFiles{from: options.Files, read: make(map[string][]byte)},
		done:     make(map[string]*Schema),
	}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.AssertFormat()
	s.compiler.UseLoader(s.files)
	return s
}

// compile compiles a schema. name may point into a file (parts.json#/$defs/item).
func (s *schemas) compile(name string) (*Schema, error) {
	if schema := s.done[name]; schema != nil {
		return schema, nil
	}
	absolute, fragment, _ := strings.Cut(name, "#")
	switch {
	case s.options.Files != nil:
		absolute = path.Join("/", s.options.Directory, absolute)
	case !filepath.IsAbs(absolute):
		directory, err := filepath.Abs(s.options.Directory)
		if err != nil {
			return nil, fmt.Errorf("find the folder of the schemas: %w", err)
		}
		absolute = filepath.Join(directory, absolute)
	}
	location := url.URL{Scheme: "file", Path: absolute}
	file := location.String()
	location.Fragment = fragment
	compiled, err := s.compiler.Compile(location.String())
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", name, schemaError(err))
	}
	schema := &Schema{path: name, source: s.files.read[file], compiled: compiled}
	s.done[name] = schema
	return schema, nil
}

// localFiles loads schemas and the files that they refer to. It refuses a reference to the network: a
// contract must not depend on another server.
type localFiles struct {
	from fs.FS             // nil means the machine's
	read map[string][]byte // by address
}

func (l localFiles) open(name string) (fs.File, error) {
	if l.from == nil {
		return os.Open(name)
	}
	return l.from.Open(strings.TrimPrefix(name, "/"))
}

// Load implements [jsonschema.URLLoader].
func (l localFiles) Load(address string) (any, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of a schema: %w", err)
	}
	if u.Scheme != "file" {
		return nil, errors.New("only local files are read; copy it next to this one")
	}
	file, err := l.open(u.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSchemaBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSchemaBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", maxSchemaBytes)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	l.read[address] = data
	return document, nil
}

// schemaError shortens an error of the schema compiler to the part that helps.
func schemaError(err error) error {
	if e, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		return errors.New("it is not a JSON Schema: " + complaints(e.Err))
	}
	if e, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		if p, ok := errors.AsType[*os.PathError](e.Err); ok {
			return fmt.Errorf("cannot read %s: %w", p.Path, p.Err)
		}
		return fmt.Errorf("%s: %w", strings.TrimPrefix(e.URL, "file://"), e.Err)
	}
	return err
}

// complaints returns the errors of a validation, each with its JSON Pointer.
func complaints(err error) string {
	e, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return firstLine(err)
	}
	all := leaves(nil, e)
	slices.SortStableFunc(all, func(a, b *jsonschema.ValidationError) int { // the library walks over maps
		return slices.Compare(a.InstanceLocation, b.InstanceLocation)
	})
	shown := all[:min(len(all), maxComplaints)]
	list := make([]string, len(shown))
	for i, leaf := range shown {
		list[i] = complaint(leaf)
	}
	text := strings.Join(list, "; ")
	if more := len(all) - len(shown); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// leaves appends the innermost errors. The others only say that an inner one exists.
func leaves(all []*jsonschema.ValidationError, e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(all, e)
	}
	for _, cause := range e.Causes {
		all = leaves(all, cause)
	}
	return all
}

func complaint(leaf *jsonschema.ValidationError) string {
	text := leaf.ErrorKind.LocalizedString(english)
	if len(text) > maxComplaintBytes {
		text = strings.ToValidUTF8(text[:maxComplaintBytes], "") + "..."
	}
	return "at " + pointer(leaf.InstanceLocation) + ": " + text
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer returns a JSON Pointer (RFC 6901). The pointer to the whole document is empty, so pointer
// returns a word instead.
func pointer(path []string) string {
	if len(path) == 0 {
		return "the top"
	}
	var b strings.Builder
	for _, token := range path {
		b.WriteByte('/')
		pointerEscapes.WriteString(&b, token) //nolint:errcheck // a strings.Builder does not fail
	}
	return b.String()
}
