package conformance_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tables = "../../docs/wamp.md"

// announcing configures everything that WELCOME announces only if it is configured.
const announcing = permissive + `
topics: {kept: {keep: 1}}
trust: {staff: 1}
`

func TestEveryLinkOfTheTablesExists(t *testing.T) {
	links := regexp.MustCompile(`\[([^]]+)\]\(([^):]+)\)`)
	text := readFile(t, tables) + readFile(t, "../../docs/security.md")
	for _, link := range links.FindAllStringSubmatch(text, -1) {
		name, file := link[1], link[2]
		if path, _, _ := strings.Cut(file, "#"); strings.HasSuffix(path, ".md") || strings.HasSuffix(path, "doc.go") {
			continue
		}
		if regexp.MustCompile(`^Test[A-Z]`).MatchString(name) {
			name = "func " + name + "("
		}
		if !strings.Contains(readFile(t, filepath.Join(filepath.Dir(tables), file)), name) {
			t.Errorf("%s has no %q", file, name)
		}
	}
}

func TestWelcomeAnnouncesTheFeaturesOfTheTables(t *testing.T) {
	keys := regexp.MustCompile("`((?:broker|dealer)\\.[a-z_]+)`")
	documented := map[string]bool{}
	for line := range strings.Lines(readFile(t, tables)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			continue
		}
		for _, key := range keys.FindAllStringSubmatch(cells[2], -1) {
			documented[key[1]] = strings.TrimSpace(cells[3]) == "yes"
		}
	}
	maps.DeleteFunc(documented, func(_ string, works bool) bool { return !works })

	r := dial(t, startServer(t, announcing), "wamp.2.json")
	r.send(`[1,%q,%s]`, realm, allRoles)
	details, _ := r.expect(`[2,"*","*"]`)[2].(map[string]any) // without roles the lists differ
	roles, _ := details["roles"].(map[string]any)
	announced := map[string]bool{}
	for role, value := range roles {
		announcement, _ := value.(map[string]any)
		features, _ := announcement["features"].(map[string]any)
		for feature, works := range features {
			announced[fmt.Sprintf("%s.%s", role, feature)] = works == true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(announced))); diff != "" {
		t.Errorf("docs/wamp.md and WELCOME differ (-documented +announced)\n%s", diff)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
