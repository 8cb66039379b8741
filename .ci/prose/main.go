// Command prose checks what a machine can check of the English in Go comments (CONTRIBUTING.md, English):
//
//	go run ./.ci/prose
//
// It looks for four kinds of faults in files that are not tests:
//
//   - persons: pronouns of persons outside of quotes; comments name the actor
//   - definitions: a doc comment that begins "X is what" or "X is how"
//   - names: a doc comment that does not begin with the name it documents
//   - columns: a line of a comment that is longer than 120 columns
//
// The file .ci/prose/max has the number that is allowed of each kind. It may only fall.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxFile    = ".ci/prose/max"
	maxColumns = 120
)

var (
	person = regexp.MustCompile(`(?i)\b(who|whom|whoever|nobody|somebody|everybody)\b`)
	quoted = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|“[^”]*”")
	// vague matches a doc comment, without its first word, that does not say what the name stands for.
	vague   = regexp.MustCompile(`^(is|are) (who|whom|when|how|what|where|whether|why)\b`)
	article = regexp.MustCompile(`^(A|An|The) `)
)

// The kinds of faults.
const (
	persons     = "persons"
	definitions = "definitions"
	names       = "names"
	columns     = "columns"
)

type fault struct {
	position   token.Position
	kind, what string
}

func (f fault) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.position.Filename, f.position.Line, f.kind, f.what)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(maxFile)
	if err != nil {
		return err
	}
	faults, err := checkAll()
	if err != nil {
		return err
	}
	rose := false
	for line := range strings.Lines(string(text)) {
		var kind string
		var allowed int
		if _, err := fmt.Sscan(line, &kind, &allowed); err != nil {
			return fmt.Errorf("read %q in %s: %w", line, maxFile, err)
		}
		found := faults[kind]
		delete(faults, kind)
		switch {
		case len(found) > allowed:
			rose = true
			for _, f := range found {
				fmt.Println(f)
			}
			fmt.Printf("%s: %d, and %d are allowed\n", kind, len(found), allowed)
		case len(found) < allowed:
			fmt.Printf("%s: %d; lower the number in %s, which is %d\n", kind, len(found), maxFile, allowed)
		default:
			fmt.Printf("%s: %d\n", kind, len(found))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s has no number for %s", maxFile, slices.Sorted(maps.Keys(faults)))
	}
	if rose {
		return errors.New("write these comments as CONTRIBUTING.md says under English")
	}
	return nil
}

// checkAll checks every Go file of the repository but tests and generated ones, and returns the faults by kind.
func checkAll() (map[string][]fault, error) {
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.go").Output()
	if err != nil {
		return nil, fmt.Errorf("list the files of the repository: %w", err)
	}
	faults := map[string][]fault{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if _, err := os.Stat(name); os.IsNotExist(err) { // deleted, not yet committed
			continue
		}
		found, err := checkFile(filepath.FromSlash(name))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			faults[f.kind] = append(faults[f.kind], f)
		}
	}
	return faults, nil
}

func checkFile(name string) (faults []fault, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(file) {
		return nil, err
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			faults = append(faults, checkComment(files.Position(comment.Pos()), comment.Text)...)
		}
	}
	for _, declaration := range file.Decls {
		for _, d := range documented(declaration) {
			if f := checkDoc(d.name, d.doc.Text()); f.kind != "" {
				f.position = files.Position(d.doc.Pos())
				faults = append(faults, f)
			}
		}
	}
	slices.SortStableFunc(faults, func(a, b fault) int { return cmp.Compare(a.position.Line, b.position.Line) })
	return faults, nil
}

// checkComment checks the lines of one comment. Directives cannot be broken.
func checkComment(at token.Position, text string) (faults []fault) {
	column := at.Column
	for line := range strings.SplitSeq(text, "\n") {
		if person.MatchString(quoted.ReplaceAllString(line, "")) {
			faults = append(faults, fault{at, persons, strings.TrimSpace(line)})
		}
		if width := column - 1 + utf8.RuneCountInString(line); width > maxColumns && !strings.HasPrefix(line, "//go:") && !strings.HasPrefix(line, "//nolint:") {
			faults = append(faults, fault{at, columns, fmt.Sprintf("%d, at most %d", width, maxColumns)})
		}
		at.Line, column = at.Line+1, 1
	}
	return faults
}

type doc struct {
	name string
	doc  *ast.CommentGroup
}

// documented returns the functions and types that a declaration documents. The comment of a group of
// constants or variables speaks of the group.
func documented(declaration ast.Decl) (docs []doc) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			docs = append(docs, doc{d.Name.Name, d.Doc})
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if group := cmp.Or(s.Doc, d.Doc); group != nil && (s.Doc != nil || len(d.Specs) == 1) {
					docs = append(docs, doc{s.Name.Name, group})
				}
			case *ast.ValueSpec:
				if d.Doc != nil && !d.Lparen.IsValid() && len(s.Names) == 1 {
					docs = append(docs, doc{s.Names[0].Name, d.Doc})
				}
			}
		}
	}
	return docs
}

// checkDoc returns the fault in the beginning of a doc comment, or a zero fault.
func checkDoc(name, text string) fault {
	first, _, _ := strings.Cut(text, "\n")
	rest, begins := strings.CutPrefix(article.ReplaceAllString(first, ""), name)
	switch {
	case name == "_" || text == "" || strings.HasPrefix(text, "Deprecated:"): // an empty text is directives only
		return fault{}
	case !begins:
		return fault{kind: names, what: fmt.Sprintf("%s begins with another name: %s", name, first)}
	case vague.MatchString(strings.TrimLeft(rest, " ")):
		return fault{kind: definitions, what: first}
	}
	return fault{}
}
