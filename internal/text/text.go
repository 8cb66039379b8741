// Package text checks texts that come from outside and are shown to people or written to logs, and finds the word that
// a mistyped one most likely stands for. It knows no word by itself.
//
// Some characters have no shape, and others turn the direction of the text around them. With these, two names can look
// the same, and a name can change what stands beside it. The package tells such characters from those that writing
// needs: joiners in Persian, in Indian languages and in emoji, and a few combining marks on one letter.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable reports whether s is UTF-8 in which every character is seen, other than those in except.
func Printable(s, except string) bool { return firstHidden(s, except) < 0 }

// Check returns an error if s is longer than most bytes or not printable. what begins its message.
func Check(what, s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("%s has %d bytes; at most %d are taken", what, len(s), most)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s must be UTF-8", what)
	}
	if at := firstHidden(s, ""); at >= 0 {
		r, _ := utf8.DecodeRuneInString(s[at:])
		return fmt.Errorf("%s must be UTF-8 without control characters, and without direction marks and other characters that are not seen; "+
			"it has %U at byte %d: remove it", what, r, at+1)
	}
	return nil
}

// Clean returns s without the characters that are not seen, control characters excepted: these are no slip of the
// keyboard, and [Check] refuses them. Clean is for names that are shown and never compared. Such names come from forms,
// where people paste direction marks and zero-width spaces without knowing.
func Clean(s string) string {
	var kept strings.Builder
	from := 0
	hide(s, func(at, size int) bool {
		if r, _ := utf8.DecodeRuneInString(s[at:]); r != utf8.RuneError && !unicode.IsControl(r) {
			kept.WriteString(s[from:at])
			from = at + size
		}
		return true
	})
	if from == 0 {
		return s
	}
	kept.WriteString(s[from:])
	return kept.String()
}

// firstHidden returns the place of the first character that is not seen and not in except, or -1.
func firstHidden(s, except string) int {
	found := -1
	hide(s, func(at, size int) bool {
		if !strings.Contains(except, s[at:at+size]) {
			found = at
		}
		return found < 0
	})
	return found
}
