package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// wrapped breaks a paragraph into lines of the length that the other pages have.
func wrapped(text string) string {
	const width = 120
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+length > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}

func emphasized(server, text string) string {
	if isTidings(server) {
		return "**" + text + "**"
	}
	return text
}

// table is a Markdown table. Texts are aligned to the left, numbers to the right.
type table struct {
	head    []string
	numbers int // number of the last columns that are numbers
	rows    [][]string
}

func (t table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	for i := range t.head {
		if i < len(t.head)-t.numbers {
			b.WriteString("|---")
		} else {
			b.WriteString("|--:")
		}
	}
	b.WriteString("|\n")
	for _, row := range t.rows {
		line(row)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
