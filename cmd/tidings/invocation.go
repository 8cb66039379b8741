package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// installed is the name of the program where it is on the PATH.
const installed = "tidings"

// program returns how this program was started, such as tidings, bin/tidings or go run ./cmd/tidings. Texts name it in
// the commands that people copy.
var program = sync.OnceValue(func() string {
	executable, err := os.Executable()
	if err != nil {
		return installed
	}
	return invocation{typed: os.Args[0], executable: executable, onPath: isOnPath, isHere: isHere}.String()
})

// invocation describes a start of the program.
type invocation struct {
	typed      string                       // the first argument of the process
	executable string                       // path of the file that runs
	onPath     func(word, path string) bool // reports whether a shell starts path by a word
	isHere     func(path string) bool       // reports whether the working directory has a file
}

// built matches the executables that go run and go test make: in a temporary folder, or in the build cache.
var built = regexp.MustCompile(`/go-build\d+/|/[0-9a-f]{2}/[0-9a-f]{64}-d/`)

// String returns the beginning of a command line that starts the same program again.
func (i invocation) String() string {
	word := strings.TrimSuffix(filepath.Base(i.typed), ".exe")
	switch {
	case strings.HasSuffix(word, ".test"):
		return installed
	case built.MatchString(filepath.ToSlash(i.executable)) && i.isHere("cmd/tidings/main.go"):
		return "go run ./cmd/tidings"
	case built.MatchString(filepath.ToSlash(i.executable)):
		return "go run github.com/tidings-io/tidings/cmd/tidings@latest"
	case !strings.ContainsAny(i.typed, `/\`), i.onPath(word, i.executable):
		return word
	case strings.ContainsAny(i.typed, " \t"):
		return fmt.Sprintf("%q", i.typed)
	}
	return i.typed
}

func isOnPath(word, path string) bool {
	found, err := exec.LookPath(word)
	if err != nil {
		return false
	}
	one, err := os.Stat(found)
	if err != nil {
		return false
	}
	other, err := os.Stat(path)
	return err == nil && os.SameFile(one, other)
}

func isHere(path string) bool {
	_, err := os.Stat(filepath.FromSlash(path))
	return err == nil
}

// commandLine matches the beginning of a command line of this program in a text.
var commandLine = sync.OnceValue(func() *regexp.Regexp {
	var words []string
	for _, child := range newParser(streams{}).Model.Children {
		words = append(words, child.Name)
	}
	return regexp.MustCompile(`\b` + installed + ` ((?:` + strings.Join(words, "|") + `|--?[a-z]+)\b)`)
})

// asTyped replaces the name of the program in the command lines of a text by the way it was started.
func asTyped(text string) string {
	if program() == installed {
		return text
	}
	return commandLine().ReplaceAllString(text, strings.ReplaceAll(program(), "$", "$$")+" $1")
}
