package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// legal matches the files of a module that have to accompany its code.
var legal = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)`)

// pages are the legal texts of the npm packages in the embedded pages. The build of web/ writes them.
var pages = []string{"web/dist/apidocs/LICENSES.txt", "web/dist/demo/licenses.md"}

// licenses returns the legal texts of Go, of all modules that are linked in for a platform, and of the embedded pages.
func licenses(system, processor string) ([]byte, error) {
	command := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/tidings")
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	listed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules := strings.Split(strings.TrimSpace(string(listed)), "\n")
	slices.Sort(modules)
	var all bytes.Buffer
	for _, module := range append([]string{"Go\t" + root}, slices.Compact(modules)...) {
		if module == "" { // a package of the standard library
			continue
		}
		name, folder, _ := strings.Cut(module, "\t")
		if err := writeLicenses(&all, name, folder); err != nil {
			return nil, err
		}
	}
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		writeText(&all, name, text)
	}
	return all.Bytes(), nil
}

func writeText(to *bytes.Buffer, title string, text []byte) {
	fmt.Fprintf(to, "=== %s\n\n%s\n\n", title, bytes.TrimSpace(text))
}

func writeLicenses(to *bytes.Buffer, module, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		if entry.IsDir() || !legal.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		found = true
		writeText(to, module+": "+entry.Name(), text)
	}
	if !found {
		return fmt.Errorf("%s has no license file: it must not be distributed without one", module)
	}
	return nil
}
