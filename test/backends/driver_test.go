package backends_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// folder has what all tests share.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "tidings-backends-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// build returns a function that compiles a package once, and returns the path of the program.
func build(name, pkg string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		path := filepath.Join(folder, name)
		command := exec.Command("go", "build", "-o", path, pkg)
		command.Dir, command.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
		return path, nil
	})
}

var (
	goDriver = build("driver", "./test/backends/drivers/go")
	built    = build("tidings", "./cmd/tidings")
)

// binary returns the server: the one that TIDINGS_BINARY names, or one that it builds.
func binary(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("TIDINGS_BINARY"); named != "" {
		return named
	}
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// languages are the clients, each with the program that runs its driver.
var languages = map[string][]string{
	"php":    {"php", "drivers/driver.php"},
	"python": {"python3", "drivers/driver.py"},
	"node":   {"node", "drivers/driver.mjs"},
	"go":     nil,
}

// inEveryLanguage runs a test with each client whose language the machine has.
func inEveryLanguage(t *testing.T, test func(t *testing.T, c *client)) {
	t.Helper()
	for language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, language))
		})
	}
}

// client is a process with the client of one language.
type client struct {
	language string
	in       io.Writer
	out      *bufio.Reader
}

// answer is what a call led to.
type answer struct {
	Result    json.RawMessage
	Error     string // that was thrown
	Status    int
	Temporary bool
	Log       []string
	Seconds   float64
}

func start(t *testing.T, language string) *client {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes; runs without -short")
	}
	command := languages[language]
	if language == "go" {
		driver, err := goDriver()
		if err != nil {
			t.Fatal(err)
		}
		command = []string{driver}
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		fmt.Printf("SKIPPED: the client for %s, because %s is missing. Install it (Debian: make tools).\n", language, command[0])
		t.SkipNow()
	}
	process := exec.CommandContext(t.Context(), command[0], command[1:]...)
	process.Stderr = t.Output()
	in, inErr := process.StdinPipe()
	out, outErr := process.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	process.Cancel = in.Close // it ends when there are no more calls
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Wait() }) // it is ended by then
	return &client{language: language, in: in, out: bufio.NewReader(out)}
}

type with map[string]any

// call calls a function of the client.
func (c *client) call(t *testing.T, name string, arguments with) answer {
	t.Helper()
	if arguments == nil {
		arguments = with{}
	}
	line, err := json.Marshal(map[string]any{"call": name, "with": arguments})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	printed, err := c.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s(%s): the client's process ended: %v", name, line, err)
	}
	var a answer
	if err := json.Unmarshal(printed, &a); err != nil {
		t.Fatalf("%s printed %q: %v", c.language, printed, err)
	}
	return a
}

// succeed calls a function, which has to succeed, and reads its result.
func (c *client) succeed(t *testing.T, name string, arguments with, result any) {
	t.Helper()
	a := c.call(t, name, arguments)
	if a.Error != "" || len(a.Log) > 0 {
		t.Fatalf("%s(%v) failed: %s%v", name, arguments, a.Error, a.Log)
	}
	if result != nil {
		if err := json.Unmarshal(a.Result, result); err != nil {
			t.Fatalf("%s(%v) returned %s: %v", name, arguments, a.Result, err)
		}
	}
}

// swallowed calls a function, which has to fail with a line in the log and without an error.
func (c *client) swallowed(t *testing.T, name string, arguments with) answer {
	t.Helper()
	a := c.call(t, name, arguments)
	if a.Error != "" || string(a.Result) != "null" || len(a.Log) != 1 {
		t.Fatalf("%s(%v): want null and one line in the log, got error %q, result %s, log %q", name, arguments, a.Error, a.Result, a.Log)
	}
	return a
}

// thrown calls a function, which has to throw.
func (c *client) thrown(t *testing.T, name string, arguments with) answer {
	t.Helper()
	a := c.call(t, name, arguments)
	if a.Error == "" || len(a.Log) > 0 {
		t.Fatalf("%s(%v): want an error and no log, got result %s, log %q", name, arguments, a.Result, a.Log)
	}
	return a
}

func (a answer) says(t *testing.T, parts ...string) {
	t.Helper()
	said := a.Error + strings.Join(a.Log, "\n")
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("want %q in: %s", part, said)
		}
	}
}
