package docs_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
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
	"HOOK_SECRET":    "a-secret-for-the-test-of-the-docs",
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

func TestTheConfigurationReferenceIsFresh(t *testing.T) {
	if page(t, "docs/configuration.md") != config.Reference(server.Sections()...) {
		t.Error("docs/configuration.md is not what the keys say: run go generate ./test/docs")
	}
}
