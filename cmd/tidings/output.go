package main

import (
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

// table writes rows in columns.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer, columns ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)}
	t.row(columns...)
	return t
}

func (t table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = clean(cell)
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t table) flush() error { return t.w.Flush() }

// clean replaces control characters: texts of users must not move the cursor of an operator's terminal.
func clean(text string) string { return strings.Map(printable, text) }

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
		return '?'
	}
	return r
}
