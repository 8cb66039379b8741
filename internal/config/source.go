package config

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is the text of the file: for excerpts, which must not show secrets, and for positions
// inside of values.
type source struct {
	name  string
	lines []string
	masks map[int][]span // by line
	// masked are the values whose masks are there.
	masked map[*yaml.Node]bool
	// sealed is the first line that no excerpt may show any more, because a secret begins there
	// whose end cannot be told; 0 if there is none.
	sealed int
	// blind says that the file could not be parsed, so that nobody knows what in it is a secret.
	blind bool
}

// span is a part of a line, in characters from 0; to < 0 is the end of the line.
type span struct{ from, to int }

func newSource(name string, data []byte) *source {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return &source{name: name, lines: strings.Split(text, "\n"), masks: make(map[int][]span), masked: make(map[*yaml.Node]bool)}
}

// line gives a line by its number.
func (s *source) line(number int) (string, bool) {
	if number < 1 || number > len(s.lines) {
		return "", false
	}
	return s.lines[number-1], true
}

// find gives the first place of a text, or the position that is given.
func (s *source) find(text string, otherwise Pos) Pos {
	for i, line := range s.lines {
		if at := strings.Index(line, text); at >= 0 {
			return Pos{s.name, i + 1, utf8.RuneCountInString(line[:at]) + 1}
		}
	}
	return otherwise
}

// What is spent on finding the line of a mistake: a hundred parses of a file that people write by hand.
const (
	maxSearchedLines = 100
	maxSearchedBytes = 64 << 10
)

// broken finds the line from which on the file is not YAML: the one behind the longest beginning that
// is. The parser tells where the value began that it was in, at best.
func (s *source) broken(told int) int {
	size := 0
	for _, line := range s.lines {
		size += len(line) + 1
	}
	last := min(len(s.lines), told+maxSearchedLines)
	if size > maxSearchedBytes || s.isYAML(last) {
		return told
	}
	for ; last >= told; last-- {
		if s.isYAML(last - 1) {
			return last
		}
	}
	return told
}

// isYAML tells it of the first lines.
func (s *source) isYAML(lines int) bool {
	decoder := yaml.NewDecoder(strings.NewReader(strings.Join(s.lines[:lines], "\n")))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// secretive reports whether a line of an unparsable file had better not be shown. The value of a key
// may be in the line below.
func (s *source) secretive(number int) bool {
	line, _ := s.line(number)
	above, _ := s.line(number - 1)
	return secretWord.MatchString(line) || secretWord.MatchString(above)
}

var secretWord = regexp.MustCompile(`(?i)secret|key|hash|passw|token|credential`)

// excerpt gives the line of a position with its secrets masked, or "" if there is nothing to show.
func (s *source) excerpt(pos Pos) string {
	if s == nil || pos.File != s.name || s.sealed > 0 && pos.Line >= s.sealed {
		return ""
	}
	line, ok := s.line(pos.Line)
	if !ok || s.blind && s.secretive(pos.Line) {
		return ""
	}
	runes := []rune(strings.ReplaceAll(line, "\t", " "))
	for _, m := range s.masks[pos.Line] {
		to := m.to
		if to < 0 || to > len(runes) {
			to = len(runes)
		}
		for i := min(m.from, to); i < to; i++ {
			runes[i] = '*'
		}
	}
	return strings.TrimRight(string(runes), " ")
}

// mask hides a value, with everything in it, from excerpts.
func (s *source) mask(n *yaml.Node) {
	if s.masked[n] {
		return // also what ends a circle of aliases
	}
	s.masked[n] = true
	if n.Alias != nil {
		s.mask(n.Alias)
	}
	for _, child := range n.Content {
		s.mask(child)
	}
	if n.Kind == yaml.ScalarNode {
		s.maskScalar(n)
	}
}

func (s *source) maskScalar(n *yaml.Node) {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		s.maskBlock(n.Line)
		return
	}
	w := scalar{source: s, line: n.Line, column: n.Column, style: n.Style}
	end, ok := w.walk(n.Value, len(n.Value))
	if !ok {
		s.seal(n.Line)
		return
	}
	if w.quoted() {
		end++
	}
	s.masks[n.Line] = append(s.masks[n.Line], span{n.Column - 1, end - 1})
}

// blockHead is the beginning of a block whose indentation is that of its first line.
var blockHead = regexp.MustCompile(`[|>][+-]?\s*(#.*)?$`)

// maskBlock hides the lines of a block scalar: all that are indented like the first.
func (s *source) maskBlock(head int) {
	if line, ok := s.line(head); !ok || !blockHead.MatchString(line) {
		s.seal(head)
		return
	}
	least := -1
	for number := head + 1; ; number++ {
		line, ok := s.line(number)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case !ok:
			return
		case strings.TrimSpace(line) == "":
			continue
		case least < 0:
			least = indent
		case indent < least:
			return
		}
		s.masks[number] = append(s.masks[number], span{0, -1})
	}
}

func (s *source) seal(line int) {
	if s.sealed == 0 || line < s.sealed {
		s.sealed = line
	}
}

// scalar is how a value is spelled in the file.
type scalar struct {
	source       *source
	line, column int
	style        yaml.Style
	interpolated bool
}

func (w *scalar) quoted() bool {
	return w.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
}

// at gives the position of a byte of the value.
func (w *scalar) at(value string, offset int) Pos {
	start := Pos{w.source.name, w.line, w.column}
	offset = max(0, min(offset, len(value)))
	if w.interpolated {
		return start
	}
	if w.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return w.inBlock(value, offset, start)
	}
	if column, ok := w.walk(value, offset); ok {
		start.Column = column
	}
	return start
}

// inBlock counts lines: those of a literal block are the value's own, below the indicator. A folded
// block is the same as long as nothing was folded.
func (w *scalar) inBlock(value string, offset int, start Pos) Pos {
	lines := strings.Split(value, "\n")
	at, within := 0, offset
	for at < len(lines)-1 && within > len(lines[at]) {
		within -= len(lines[at]) + 1
		at++
	}
	line, ok := w.source.line(w.line + 1 + at)
	if !ok || !strings.HasSuffix(line, lines[at]) || lines[at] == "" {
		return start
	}
	indent := utf8.RuneCountInString(line) - utf8.RuneCountInString(lines[at])
	return Pos{w.source.name, w.line + 1 + at, indent + utf8.RuneCountInString(lines[at][:within]) + 1}
}

// walk goes along the value and its spelling in step until the offset and gives the column there.
// It fails where the two part, as they do when lines are folded.
func (w *scalar) walk(value string, offset int) (column int, ok bool) {
	line, ok := w.source.line(w.line)
	if !ok || w.column < 1 {
		return 0, false
	}
	spelled := []rune(line)
	at := w.column - 1
	if w.style&yaml.TaggedStyle != 0 {
		return 0, false // the node begins at its tag
	}
	if w.quoted() {
		at++
	}
	for i, r := range value {
		if i >= offset {
			return at + 1, true
		}
		if at >= len(spelled) {
			return 0, false
		}
		switch {
		case w.style&yaml.DoubleQuotedStyle != 0 && spelled[at] == '\\':
			if at+1 >= len(spelled) {
				return 0, false
			}
			at += escapeLength(spelled[at+1])
		case spelled[at] != r:
			return 0, false
		case w.style&yaml.SingleQuotedStyle != 0 && r == '\'':
			at += 2
		default:
			at++
		}
	}
	return at + 1, true
}

// escapeLength is the length of an escape of a double-quoted scalar with its backslash.
func escapeLength(letter rune) int {
	switch letter {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	default:
		return 2
	}
}
