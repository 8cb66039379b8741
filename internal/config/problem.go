package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems bounds the problems that are reported at once. A file that is no configuration would have thousands.
const maxProblems = 100

// Problem is one mistake, with its position and a fix.
type Problem struct {
	Pos
	Message, Fix string

	excerpt string // the line, with secrets masked
}

// String returns the problem on one line, as compilers print it.
func (p Problem) String() string {
	text := p.Message
	if where := p.Pos.String(); where != "" {
		text = where + ": " + text
	}
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

func (p Problem) Error() string { return p.String() }

// WithLine returns the problem with the line of its file, for [Problem.Render]. The line must have no secret.
func (p Problem) WithLine(line string) Problem {
	p.excerpt = strings.TrimRight(strings.ReplaceAll(line, "\t", " "), " \r")
	return p
}

const (
	// An excerpt has up to excerptWidth characters of the line, up to excerptBefore of them before the column.
	excerptWidth  = 100
	excerptBefore = 60
)

// Render returns the problem with its line and a mark under the column.
func (p Problem) Render() string {
	if p.Line == 0 || p.excerpt == "" {
		return p.String() + "\n"
	}
	line, column := []rune(p.excerpt), p.Column-1
	column = max(0, min(column, len(line)))
	if len(line) > excerptWidth {
		from := max(0, min(column-excerptBefore, len(line)-excerptWidth))
		line, column = line[from:min(len(line), from+excerptWidth)], column-from
	}
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s\n%s | %s\n%*s | %*s^\n", p, number, string(line), utf8.RuneCountInString(number), "", column, "")
}

// Problems is an error with all mistakes of a configuration, in the order of the file.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Render returns all problems with their lines.
func (ps Problems) Render() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.Render())
	}
	return b.String()
}

// Sort sorts the problems by their positions.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// At adds a problem that was found after loading, with the excerpt of its line.
func (ps *Problems) At(c *Config, pos Pos, message, fix string) {
	*ps = append(*ps, c.Problem(pos, message, fix))
}

// Problem returns a problem that was found after loading, with the excerpt of its line.
func (c *Config) Problem(pos Pos, message, fix string) Problem {
	return Problem{Pos: pos, Message: message, Fix: fix, excerpt: c.source.excerpt(pos)}
}

// Pos returns the position of a key's value, for example of "tls.cert" or "api_keys.0.name". For an absent key it
// returns the position of the innermost section around the key.
func (c *Config) Pos(path string) Pos {
	for {
		if pos, ok := c.positions[path]; ok {
			return pos
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return Pos{File: c.source.name}
		}
		path = path[:i]
	}
}

// Warnings returns what the file and the environment may say, but rarely mean. The user of the values adds more.
func (c *Config) Warnings() Problems { return c.warnings }

// File returns the name that the configuration was read by; "" is none.
func (c *Config) File() string { return c.source.name }
