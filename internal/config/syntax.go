package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The mistakes of YAML that people make with values of this configuration. The parser explains none of them.
var (
	// textBehindQuote matches subscribe: "staff" in identity.roles.
	textBehindQuote = regexp.MustCompile(`([\w-]+):\s+("[^"]*"|'[^']*')[ \t]*([^\s,}\]#"':][^#]*)`)
	// nextKey matches the end of a value in braces.
	nextKey = regexp.MustCompile(`(\s*[}\]]+\s*,?|,\s*[\w-]+:.*)$`)
	// bareStar matches origins: [*] and subscribe: *.
	bareStar = regexp.MustCompile(`(?:^|[\s\[,])\*(?:[\s\],}]|$)`)
	// reserved matches a value that begins with a character that YAML has reserved.
	reserved = regexp.MustCompile("(?:^|[:\\[,]\\s*|-\\s+)([@`%])")
	// taggedValue matches watch: !anonymous.
	taggedValue = regexp.MustCompile(`[:\[,-]\s+(!)[\w(]`)
	// colonInside matches doc: Note: text.
	colonInside = regexp.MustCompile(`^\s*(?:- )?[\w."|-][\w."{}|-]*:\s+([^"'{\[|>&*!#\s][^#]*?)(: )`)
)

// likelyMistake returns a fix for a line that is no YAML, and its column in characters from 1. ok is false if the line
// has none of the known mistakes. secretive says that the line may hold a secret, which the fix must not repeat.
func (d *decoder) likelyMistake(line string, secretive bool) (fix string, column int, ok bool) {
	at := func(offset int) int { return utf8.RuneCountInString(line[:offset]) + 1 }
	if m := textBehindQuote.FindStringSubmatchIndex(line); m != nil {
		key, quoted, rest := line[m[2]:m[3]], line[m[4]:m[5]], line[m[6]:m[7]]
		rest = strings.TrimSpace(nextKey.ReplaceAllString(strings.TrimSpace(rest), ""))
		whole := `"` + strings.Trim(quoted, `"'`) + `" ` + rest
		if secretive || strings.Contains(whole, "'") {
			return "put the whole value in quotes, not only its beginning", at(m[4]), true
		}
		return "put the whole value in single quotes: " + key + ": '" + whole + "'", at(m[4]), true
	}
	if m := bareStar.FindStringIndex(line); m != nil {
		return `quote the star: "*"; in a rule, write true for every client`, at(m[0] + strings.Index(line[m[0]:], "*")), true
	}
	if m := reserved.FindStringSubmatchIndex(line); m != nil {
		return "quote a value that begins with " + line[m[2]:m[3]], at(m[2]), true
	}
	if m := taggedValue.FindStringSubmatchIndex(line); m != nil {
		return "YAML takes ! for a tag: put the whole value in quotes, or write not instead", at(m[2]), true
	}
	if m := colonInside.FindStringSubmatchIndex(line); m != nil {
		if d.schema.hasKey(line[m[2]:m[3]]) {
			return "write the keys of a section below it, or in braces: {key: value}", at(m[2]), true
		}
		return "quote a value with a colon and a space in it", at(m[4]), true
	}
	return "", 0, false
}

// hasKey reports whether any section has a key of the name.
func (s schema) hasKey(name string) bool {
	return slices.ContainsFunc(keys(s.root, ""), func(k key) bool { return k.name == name })
}
