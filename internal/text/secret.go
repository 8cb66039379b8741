package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SecretFlaw says what was copied along with a key or a secret, or returns "". The text never has the secret.
func SecretFlaw(secret string) string {
	const quotes = "\"'`\u201c\u201d\u2018\u2019"
	first, _ := utf8.DecodeRuneInString(secret)
	last, _ := utf8.DecodeLastRuneInString(secret)
	switch {
	case secret == "":
		return ""
	case last == '\n' || last == '\r':
		return "has a line end at its end"
	case strings.ContainsFunc(secret, unicode.IsControl):
		return "has a control character in it, such as a tab or a line end"
	case unicode.IsSpace(first) || unicode.IsSpace(last):
		return "has a space at its beginning or end"
	case strings.ContainsRune(quotes, first) || strings.ContainsRune(quotes, last):
		return "has a quote at its beginning or end"
	}
	word, rest, found := strings.Cut(secret, " ")
	if !found {
		return ""
	}
	switch word {
	case "key", "hash", "key:", "hash:":
		return `begins with the word "` + word + `", which tidings key prints before it`
	case "Bearer", "bearer":
		return `begins with the word "` + word + `", which belongs to the header of a request`
	}
	if strings.HasPrefix(strings.TrimSpace(rest), "tdk_") {
		return "has a word before the key"
	}
	return ""
}
