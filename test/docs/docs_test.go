package docs_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
	"github.com/tidings-io/tidings/test/docs"
)

const root = "../.."

// page returns the text of a page.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the blocks of a language in all pages.
func blocks(t *testing.T, language string) []docs.Block {
	t.Helper()
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	var found []docs.Block
	for _, page := range pages {
		all, err := docs.Blocks(root, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range all {
			if block.Language == language {
				found = append(found, block)
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no %s block in any page: does this test still look in the right place?", language)
	}
	return found
}

// variables holds the environment variables of the configurations in the docs.
var variables = map[string]string{
	"TIDINGS_SECRET": "0123456789abcdef0123456789abcdef",
	"ERP_KEY":        "a-key-for-the-test-of-the-docs",
	"APP_KEY":        "another-key-for-the-docs",
	"HOOK_SECRET":    "a-secret-for-the-test-of-the-docs",
	"ORO_SECRET":     "the-secret-of-an-application",

	"OPERATOR_KEY": "a-key-for-the-operator-in-the-docs",
	"ORO_DB_URL":   "postgres://oro:password@127.0.0.1:1/oro",
}

func TestEveryConfigurationInTheDocsIsAccepted(t *testing.T) {
	folder := t.TempDir()
	writeFiles(t, folder)
	lookup := func(name string) (string, bool) { value, ok := variables[name]; return value, ok }
	for _, block := range blocks(t, "yaml") {
		t.Run(block.String(), func(t *testing.T) {
			parsed, err := config.Parse(filepath.Join(folder, "tidings.yaml"), []byte(block.Text), config.Options{Sections: server.Sections(), Lookup: lookup})
			var problems config.Problems
			if err != nil && (parsed == nil || !errors.As(err, &problems)) {
				t.Fatal(err)
			}
			err = server.Check(parsed, problems, nil)
			if errors.As(err, &problems) {
				t.Fatal(problems.Render())
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// writeFiles writes the files that the configurations in the docs name.
func writeFiles(t *testing.T, folder string) {
	t.Helper()
	certificate, key := selfSigned(t)
	for name, content := range map[string][]byte{
		"schemas/order.json":   []byte(`{"type": "object"}`),
		"schemas/message.json": []byte(`{"type": "object"}`),
		"tls/chain.pem":        certificate,
		"tls/key.pem":          key,
		"tls/authorities.pem":  certificate,
	} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// parsers are commands that check the syntax of a file.
var parsers = map[string]struct {
	file    string
	command []string
}{
	"php":    {"sample.php", []string{"php", "-l"}},
	"python": {"sample.py", []string{"python3", "-m", "py_compile"}},
	"js":     {"sample.mjs", []string{"node", "--check"}},
	"ruby":   {"sample.rb", []string{"ruby", "-c"}},
}

func TestEverySampleInTheDocsIsWellFormed(t *testing.T) {
	for language, parser := range parsers {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(parser.command[0]); err != nil {
				t.Skip(parser.command[0], "is missing")
			}
			for _, b := range blocks(t, language) {
				file := filepath.Join(t.TempDir(), parser.file)
				text := b.Text
				if language == "php" && !strings.HasPrefix(text, "<?php") {
					text = "<?php\n" + text
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				c := exec.CommandContext(t.Context(), parser.command[0], append(parser.command[1:], file)...)
				if output, err := c.CombinedOutput(); err != nil {
					t.Errorf("%v: %v\n%s", b, err, output)
				}
			}
		})
	}
}

func TestEveryJSONInTheDocsIsJSON(t *testing.T) {
	for _, block := range blocks(t, "json") {
		if !json.Valid([]byte(block.Text)) {
			t.Errorf("%s: this is not JSON:\n%s", block, block.Text)
		}
	}
}

func TestEveryLinkInTheDocsLeadsSomewhere(t *testing.T) {
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		links, err := docs.Links(root, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if _, err := os.Stat(filepath.Join(root, link.Page)); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if link.Anchor == "" {
				continue
			}
			anchors, err := docs.Anchors(root, link.Page)
			if err != nil {
				t.Fatal(err)
			}
			if !anchors[link.Anchor] {
				t.Errorf("%s: %s has no heading #%s", page, link.Page, link.Anchor)
			}
		}
	}
}

// Fragments, which do not begin with package, are not compiled.
func TestEveryGoProgramInTheDocsCompiles(t *testing.T) {
	compiled := 0
	for _, block := range blocks(t, "go") {
		if !strings.HasPrefix(block.Text, "package ") {
			continue
		}
		compiled++
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(block.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		vet := exec.CommandContext(t.Context(), "go", "vet", file)
		vet.Dir = root
		if out, err := vet.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", block, err, out)
		}
	}
	if compiled < 2 {
		t.Errorf("%d programs: does this test still look in the right place?", compiled)
	}
}

func TestTheConfigurationReferenceIsFresh(t *testing.T) {
	if page(t, "docs/configuration.md") != config.Reference(server.Sections()...) {
		t.Error("docs/configuration.md is not what the keys say: run go generate ./test/docs")
	}
}
