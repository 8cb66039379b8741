package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// outputFlag selects the form of a command's result.
type outputFlag struct {
	JSON bool `name:"json" help:"Show the result as JSON, for programs."`
}

// read decodes an answer into a value for people. For programs (--json) it prints the answer as it is and returns true.
func (o outputFlag) read(s streams, answer json.RawMessage, into any) (done bool, err error) {
	if o.JSON {
		return true, printJSON(s.out, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	return false, nil
}

// printJSON writes one line of JSON.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table writes rows in columns, and notes below rows.
type table struct {
	out     io.Writer
	aligned bytes.Buffer
	columns *tabwriter.Writer
	notes   [][]string // by row
}

func newTable(out io.Writer, columns ...string) *table {
	t := &table{out: out}
	t.columns = tabwriter.NewWriter(&t.aligned, 0, 4, 2, ' ', 0)
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = clean(cell)
	}
	fmt.Fprintln(t.columns, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	t.notes = append(t.notes, nil)
}

// note adds a line below the last row. It is outside of the columns: a line with fewer cells would end them, and the
// rows below would be aligned anew.
func (t *table) note(text string) {
	last := len(t.notes) - 1
	t.notes[last] = append(t.notes[last], clean(text))
}

func (t *table) flush() error {
	if err := t.columns.Flush(); err != nil {
		return err
	}
	for _, notes := range t.notes {
		row, _ := t.aligned.ReadString('\n') // a row for each element of notes
		for _, note := range notes {
			row += "    " + note + "\n"
		}
		if _, err := io.WriteString(t.out, row); err != nil {
			return err
		}
	}
	return nil
}

// clean replaces control characters: texts of users must not move the cursor of an operator's terminal.
func clean(text string) string { return strings.Map(printable, text) }

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
		return '?'
	}
	return r
}
