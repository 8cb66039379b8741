package text_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/text"
)

func TestWhatWasCopiedAlongWithASecretIsNamed(t *testing.T) {
	const key = "tdk_0123456789abcdef"
	for given, want := range map[string]string{
		"":                            "",
		key:                           "",
		"four words make a secret":    "",
		"key-with-a-word-0123456789":  "",
		"it's 42 in \"here\", or not": "",
		key + "\n":                    "line end",
		key + "\r\n":                  "line end",
		"tdk_0123\x004567":            "control character",
		"tdk_0123\t4567":              "control character",
		"\ufeff" + key:                "",
		" " + key:                     "space",
		key + "\u00a0":                "space",
		`"` + key + `"`:               "quote",
		"'" + key:                     "quote",
		key + "\u201d":                "quote",
		"key   " + key:                `the word "key"`,
		"hash  sha256:00":             `the word "hash"`,
		"Bearer " + key:               `the word "Bearer"`,
		"ERP_KEY: " + key:             "a word before the key",
	} {
		got := text.SecretFlaw(given)
		if want == "" && got != "" || !strings.Contains(got, want) || strings.Contains(got, "0123") {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
