package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Pos is the position of a value. Line and Column count from 1, columns in characters. A value from elsewhere than
// a file has neither, and File names its source ("--set listen").
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Text is a string that another package parses, such as a pattern, a rule or a file name.
type Text struct {
	Value string
	Pos   Pos

	scalar *scalar // how the value was written; nil if not in the file
}

// String returns the value.
func (t Text) String() string { return t.Value }

// At returns the position of a byte of the value. If the spelling differs from the value (folded lines, a replaced
// variable), it returns the position of the value.
func (t Text) At(offset int) Pos {
	if t.scalar == nil {
		return t.Pos
	}
	return t.scalar.at(t.Value, offset)
}

// redacted replaces secrets.
const redacted = "[redacted]"

// Secret is a value that is never printed: fmt, slog and encoders show [redacted].
type Secret struct {
	// value is a pointer because fmt cannot call the methods of values in unexported fields: it then prints
	// an address.
	value *string
	Pos   Pos
}

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer] for %#v.
func (s Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the value out of encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Size is a number of bytes.
type Size int64

// units holds the units of sizes, the longest names first. 1 MB is 1,000,000 bytes.
var units = []struct {
	name  string
	bytes Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// String returns the size as a whole number of the largest possible unit.
func (s Size) String() string {
	for _, name := range []string{"GiB", "MiB", "KiB"} {
		for _, u := range units {
			if u.name == name && s >= u.bytes && s%u.bytes == 0 {
				return strconv.FormatInt(int64(s/u.bytes), 10) + name
			}
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// parseSize parses 512, 64KiB, 1.5MiB or 1 MB.
func parseSize(text string) (Size, bool) {
	number, factor := text, Size(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	if number == "" || strings.ContainsAny(number, "eExX_+") {
		return 0, false
	}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		const most = 1 << 50 // far above any limit, far below an overflow
		if whole < 0 || whole > most/int64(factor) {
			return 0, false
		}
		return Size(whole) * factor, true
	}
	fraction, err := strconv.ParseFloat(number, 64)
	if err != nil || fraction < 0 || fraction > 1e6 {
		return 0, false
	}
	return Size(fraction * float64(factor)), true
}
