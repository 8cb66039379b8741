// Package text checks texts that come from outside and are shown to people or written to logs, and finds the word that
// a mistyped one most likely stands for. It knows no word by itself.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable reports whether s is UTF-8 without control characters other than those in except.
func Printable(s, except string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(except, r)
	})
}

// Check returns an error if s is longer than most bytes or not printable. what begins its message.
func Check(what, s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("%s has %d bytes; at most %d are taken", what, len(s), most)
	}
	if !Printable(s, "") {
		return fmt.Errorf("%s must be UTF-8 without control characters", what)
	}
	return nil
}
