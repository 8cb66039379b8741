package routing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
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
