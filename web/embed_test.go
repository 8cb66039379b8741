package web_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/web"
)

func TestClientIsOneModuleFile(t *testing.T) {
	text, err := fs.ReadFile(web.Client(), "tidings.js")
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(^|[;}\s])import\s*["'{*]|(^|[;}\s])import\s+\w+\s+from`).Match(text) { // but on demand, by import()
		t.Error("tidings.js imports another file")
	}
}

func TestOroIsAModuleThatTakesTheSDKBesideItAndAFileOfAMD(t *testing.T) {
	imports := regexp.MustCompile(`(?m)(?:^|[;}])\s*import\b[^"';]*["']([^"']+)`)
	for name, want := range map[string][]string{"oro.js": {"./tidings.js"}, "oro.amd.js": nil} {
		text, err := fs.ReadFile(web.Client(), name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, found := range imports.FindAllSubmatch(text, -1) {
			got = append(got, string(found[1]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s imports %q, want %q", name, got, want)
		}
	}
}

func TestDemoHasEveryFileThatItsPageNames(t *testing.T) {
	page, err := fs.ReadFile(web.Demo(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(page, -1)
	if len(names) < 4 {
		t.Fatalf("the page names %d files, want script, style, theme and icon", len(names))
	}
	for _, name := range names {
		// An absolute name would be requested from another server, or break behind a proxy.
		if _, err := fs.Stat(web.Demo(), path.Clean(string(name[1]))); err != nil {
			t.Error(err)
		}
	}
}
