package config

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is the text of the file. It gives excerpts without secrets, and positions inside values.
type source struct {
	name  string
	lines []string
	masks map[int][]span // by line
	// masked holds the values that are masked already.
	masked map[*yaml.Node]bool
	// sealed is the first line that excerpts may not show, because the end of a secret there is not known;
	// 0 if there is none.
	sealed int
	// blind is set if the file could not be parsed. Then the places of secrets are not known.
	blind bool
}

// span is a part of a line, in characters from 0; to < 0 is the end of the line.
type span struct{ from, to int }

func newSource(name string, data []byte) *source {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return &source{name: name, lines: strings.Split(text, "\n"), masks: make(map[int][]span), masked: make(map[*yaml.Node]bool)}
}

// line returns a line by its number.
func (s *source) line(number int) (string, bool) {
	if number < 1 || number > len(s.lines) {
		return "", false
	}
	return s.lines[number-1], true
}

// find returns the first position of a text, or otherwise.
func (s *source) find(text string, otherwise Pos) Pos {
	for i, line := range s.lines {
		if at := strings.Index(line, text); at >= 0 {
			return Pos{s.name, i + 1, utf8.RuneCountInString(line[:at]) + 1}
		}
	}
	return otherwise
}

// The bounds of finding the line of a syntax error: a hundred parses of a file that people write by hand.
const (
	maxSearchedLines = 100
	maxSearchedBytes = 64 << 10
)

// broken returns the first line that makes the file no YAML: the line after the longest prefix that is YAML. The
// parser reports only the line where the value began.
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

// isYAML reports whether the first lines of the file are YAML.
func (s *source) isYAML(lines int) bool {
	decoder := yaml.NewDecoder(strings.NewReader(strings.Join(s.lines[:lines], "\n")))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// secretive reports whether a line of an unparsable file may hold a secret. The key of a secret may be in the line
// above it.
func (s *source) secretive(number int) bool {
	line, _ := s.line(number)
	above, _ := s.line(number - 1)
	return secretWord.MatchString(line) || secretWord.MatchString(above)
}

var secretWord = regexp.MustCompile(`(?i)secret|key|hash|passw|token|credential`)

// excerpt returns the line of a position with its secrets masked, or "" if the line may not be shown.
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
		return // also ends cycles of aliases
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

// blockHead matches the head of a block scalar without an indentation indicator.
var blockHead = regexp.MustCompile(`[|>][+-]?\s*(#.*)?$`)

// maskBlock hides the lines of a block scalar: those with the indentation of the first or more.
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

// scalar is the spelling of a value in the file.
type scalar struct {
	source       *source
	line, column int
	style        yaml.Style
	interpolated bool
}

func (w *scalar) quoted() bool {
	return w.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
}

// at returns the position of a byte of the value.
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

// inBlock returns the position of a byte in a block scalar by counting lines. The lines of a literal block are
// those of the value. So are the lines of a folded block, until one was folded.
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

// walk compares the value with its spelling up to the offset, and returns the column there. ok is false if they
// differ, as they do after a folded line.
func (w *scalar) walk(value string, offset int) (column int, ok bool) {
	line, ok := w.source.line(w.line)
	if !ok || w.column < 1 {
		return 0, false
	}
	spelled := []rune(line)
	at := w.column - 1
	if w.style&yaml.TaggedStyle != 0 {
		return 0, false // the column is that of the tag
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

// escapeLength returns the length of an escape sequence of a double-quoted scalar.
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
