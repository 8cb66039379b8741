package config

import (
	"fmt"
	"strings"
)

// Manual returns the documentation of every key as a page for man, in the macros of man(7).
func Manual(sections ...Section) string {
	s := newSchema(sections)
	var b strings.Builder
	b.WriteString(manualHead)
	for _, k := range keys(s.root, "") {
		term := k.path
		if below := k.section(); below != nil {
			fmt.Fprintf(&b, ".SS %s\n%s\n", Roff(strings.TrimSuffix(k.path+k.step(), ".")), Roff(k.field.Tag.Get("doc")))
			continue
		}
		values := strings.ReplaceAll(s.values(k), "`", "")
		if text, ok := k.field.Tag.Lookup("default"); ok {
			values += "; default " + text
		} else if k.field.Tag.Get("required") != "" {
			values += "; required"
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n(%s)\n%s\n", Roff(term), Roff(values), Roff(k.field.Tag.Get("doc")))
	}
	b.WriteString(manualFoot)
	return b.String()
}

const manualHead = `.TH TIDINGS.YAML 5 "" "Tidings" "Tidings"
.SH NAME
tidings.yaml \- configuration of the notification server Tidings
.SH DESCRIPTION
One YAML file. Every key has a default or may be left out; an unknown key is an error. tidings check reports every
mistake with line and column. In a value, ${NAME} is the environment variable NAME. An environment variable overrides a
single value: TIDINGS_LIMITS_OUTBOX_BYTES overrides limits.outbox_bytes. Sizes are 64KiB, 4MiB or a number of bytes;
durations are 500ms, 30s, 5m. Rules are expressions of https://expr\-lang.org that give true or false. A part of a path in
<> stands for a name that the file chooses, and [] for an element of a list.
.SH KEYS
`

const manualFoot = `.SH SEE ALSO
tidings(1), tidings\-serve(1), tidings\-check(1), https://github.com/tidings\-io/tidings
`

// Roff escapes a line for man(7): its backslashes and dashes, and a first character that would be a request.
func Roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}
