// Command portable type-checks the main module, with its tests, for other operating systems:
//
//	go run ./.ci/portable windows darwin freebsd
//
// It reads dependencies from source without their function bodies. A cold `go vet` for another
// system compiles them, which takes two minutes of CPU time for each; this takes seconds. The other
// checks of go vet do not depend on the system. Nothing is built, linked or run.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

func main() {
	failed := false
	for _, system := range os.Args[1:] {
		if err := check(system); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", system, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// listed is the description of a package by `go list`.
type listed struct {
	Dir, ImportPath, Name string
	GoFiles               []string
	ImportMap             map[string]string
	Module                *struct {
		Main      bool
		GoVersion string
	}
	Error *struct{ Err string }
}

func (p *listed) ours() bool { return p.Module != nil && p.Module.Main }

// check type-checks everything for one system, and prints what does not compile there.
func check(system string) error {
	packages, err := list(system)
	if err != nil {
		return err
	}
	done, checked := map[string]*types.Package{"unsafe": types.Unsafe}, 0
	var faults []error
	for _, p := range packages { // dependencies come first
		switch {
		case p.Error != nil:
			return fmt.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		case p.ImportPath == "unsafe":
			continue
		}
		found := p.check(done)
		if p.ours() {
			checked++
			faults = append(faults, found...)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("does not compile:\n%w", errors.Join(faults...))
	}
	fmt.Printf("%s: %d packages and tests compile\n", system, checked)
	return nil
}

// list returns the packages and tests of the main module and all their dependencies.
func list(system string) ([]*listed, error) {
	command := exec.Command("go", "list", "-deps", "-test", "-e",
		"-json=Dir,ImportPath,Name,GoFiles,ImportMap,Module,Error", "./...")
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	var packages []*listed
	for decoder := json.NewDecoder(output); ; {
		p := &listed{}
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		if filepath.Ext(p.ImportPath) != ".test" { // a generated main package
			packages = append(packages, p)
		}
	}
	return packages, command.Wait()
}

// check type-checks a package, adds it to done, and returns its errors.
func (p *listed) check(done map[string]*types.Package) []error {
	files := token.NewFileSet()
	syntax, faults := p.parse(files)
	config := types.Config{
		IgnoreFuncBodies: !p.ours(),
		Sizes:            types.SizesFor("gc", "amd64"),
		Error:            func(err error) { faults = append(faults, err) },
		Importer: importer(func(path string) (*types.Package, error) {
			path = cmp.Or(p.ImportMap[path], path)
			if found := done[path]; found != nil {
				return found, nil
			}
			return nil, fmt.Errorf("%s is not among the dependencies", path)
		}),
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		config.GoVersion = "go" + p.Module.GoVersion
	}
	made, _ := config.Check(p.ImportPath, files, syntax, nil) // Error has all of them
	done[p.ImportPath] = made
	return faults
}

func (p *listed) parse(files *token.FileSet) ([]*ast.File, []error) {
	syntax, faults := make([]*ast.File, len(p.GoFiles)), make([]error, len(p.GoFiles))
	var parsing sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range p.GoFiles {
		parsing.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			syntax[i], faults[i] = parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		})
	}
	parsing.Wait()
	return syntax, slices.DeleteFunc(faults, func(err error) bool { return err == nil })
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
