package text_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/text"
)

func TestControlCharactersAreNotPrintable(t *testing.T) {
	for _, test := range []struct {
		text, except string
		want         bool
	}{
		{"", "", true},
		{"Ann Müller 🚲", "", true},
		{"one\ntwo\tthree", "", false},
		{"one\ntwo\tthree", "\n\t", true},
		{"one\rtwo", "\n\t", false},
		{"a\x00b", "", false},
		{"a\u0085b", "", false}, // NEL, a control character of Unicode
		{"a\xffb", "", false},
	} {
		if got := text.Printable(test.text, test.except); got != test.want {
			t.Errorf("%q but for %q: %t", test.text, test.except, got)
		}
	}
}

func TestACheckSaysWhatIsWrong(t *testing.T) {
	for given, want := range map[string]string{
		"12345":  "",
		"123456": "the name has 6 bytes; at most 5 are taken",
		"a\tb":   "the name must be UTF-8 without control characters",
	} {
		got := ""
		if err := text.Check("the name", given, 5); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}
