package docs_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// A page that lists metrics, routes, commands or limits lists all of them, and nothing else.

func TestOperatingListsAllMetrics(t *testing.T) {
	demo := startDemo(t)
	// Some metrics appear only after the first event that they count.
	demo.get(t, "/healthz")
	if printed, err := demo.run(t.Context(), "tidings call demo.echo --key "+demo.key); err != nil {
		t.Fatal(err, printed)
	}
	metrics, text := demo.get(t, "/metrics"), page(t, "docs/operating.md")
	// The command ends before the server has counted its connection as closed.
	for deadline := time.Now().Add(time.Minute); !strings.Contains(metrics, "tidings_connections_closed_total{") && time.Now().Before(deadline); {
		metrics = demo.get(t, "/metrics")
	}
	compare(t, "docs/operating.md",
		every(text, "(?m)^\\| `(tidings_\\w+)`"),
		append(every(metrics, `(?m)^# TYPE (tidings_\w+) `), "tidings_handler_answers_total")) // the demo has no handler
	for _, label := range every(metrics, `(?m)^tidings_\w+{.*\b(?:reason|outcome)="(\w+)"`) {
		if !strings.Contains(text, "`"+label+"`") {
			t.Errorf("docs/operating.md does not name the label %s", label)
		}
	}
}

func TestTheHTTPPageListsAllRoutes(t *testing.T) {
	var described struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(startDemo(t).get(t, "/api/v1/openapi.json")), &described); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, methods := range described.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	compare(t, "docs/http-api.md", every(page(t, "docs/http-api.md"), "(?m)^\\| `([A-Z]+ /api/v1/[^`]+)` \\| `\\w+`"), routes)
}

func TestEachErrorHasItsSectionOfTroubleshooting(t *testing.T) {
	sections := every(page(t, "docs/troubleshooting.md"), "(?m)^### ([a-z-]+)$")
	errors := 0
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range every(string(text), `URI\s+=\s"(?:wamp|tidings)\.error\.(\w+)`) {
			errors++
			if section := strings.ReplaceAll(name, "_", "-"); !slices.Contains(sections, section) {
				t.Errorf("docs/troubleshooting.md has no section %s, for the error in %s", section, path)
			}
		}
		return err
	})
	if err != nil || errors < 30 {
		t.Errorf("%d errors were found: %v", errors, err)
	}
}

func TestTheCommandLinePageListsAllCommandsAndFlags(t *testing.T) {
	demo := startDemo(t)
	help := func(command string) string {
		printed, err := demo.run(t.Context(), "tidings "+command+" --help")
		if err != nil {
			t.Fatal(err, printed)
		}
		return printed
	}
	const command = `(?m)^  ([a-z][a-z ]*[a-z])  +[A-Z]`
	commands := every(help(""), command)
	text := page(t, "docs/cli.md")
	compare(t, "docs/cli.md", every(text, "(?m)^## `tidings (\\w+)`"), commands)
	for _, name := range slices.DeleteFunc(commands, func(name string) bool { return name == "help" }) { // has no flags
		below := every(help(name), command)
		if len(below) == 0 {
			below = []string{name}
		}
		_, section, _ := strings.Cut(text, "\n## `tidings "+name+"`")
		section, _, _ = strings.Cut(section, "\n## ")
		var flags []string
		for _, one := range below {
			flags = append(flags, every(help(one), `(?m)^ .{4,6}--([a-z]+)`)...)
		}
		compare(t, "docs/cli.md, "+name, ownFlags(every(section, "`--([a-z]+)")), ownFlags(flags))
	}
}

// ownFlags removes the flags that the page explains once for all commands.
func ownFlags(flags []string) []string {
	return slices.DeleteFunc(flags, func(flag string) bool {
		return slices.Contains([]string{"help", "version", "json", "server", "key"}, flag)
	})
}

func TestOperatingListsEveryLimit(t *testing.T) {
	const limit = "(?m)^\\| `((?:limits|websocket)\\.\\w+)`"
	compare(t, "docs/operating.md", every(page(t, "docs/operating.md"), limit), every(config.Reference(server.Sections()...), limit))
}

func TestTheArchitectureNamesEveryPackageAndOnlyFilesThatExist(t *testing.T) {
	text := page(t, "ARCHITECTURE.md")
	for _, file := range every(text, "`([a-z/_]+/[a-z0-9_]+\\.go)`") {
		if _, err := os.Stat(filepath.Join(root, "internal", file)); err != nil {
			t.Errorf("ARCHITECTURE.md: there is no %s", file)
		}
	}
	var packages []string
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if sources, _ := filepath.Glob(filepath.Join(path, "*.go")); err == nil && d.IsDir() && len(sources) > 0 && !strings.HasSuffix(path, "test") {
			packages = append(packages, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, _, _ := strings.Cut(text[strings.Index(text, "\ninternal/\n")+len("\ninternal/\n"):], "\nweb/")
	var named []string
	for _, name := range every(tree, "(?:^|\\s)([a-z]+)/") {
		if !strings.HasSuffix(name, "test") {
			named = append(named, name)
		}
	}
	compare(t, "the tree of ARCHITECTURE.md", named, packages)
}

// every returns the matches of the expression's group, each once, sorted.
func every(text, expression string) []string {
	var found []string
	for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func compare(t *testing.T, where string, listed, real []string) {
	t.Helper()
	for _, name := range real {
		if !slices.Contains(listed, name) {
			t.Errorf("%s: %s is missing", where, name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(real, name) {
			t.Errorf("%s: there is no %s", where, name)
		}
	}
}
