package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Pos is where a value stands. Line and Column count from 1, columns in characters; a value that
// did not come from a file has neither, and File says where it came from ("--set listen").
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

// Text is a string that somebody else will read closer: a pattern, a rule, a file name.
type Text struct {
	Value string
	Pos   Pos

	scalar *scalar // how the value was written; nil if not in the file
}

// String gives the value.
func (t Text) String() string { return t.Value }

// At gives the position of a byte of the value. Where the file spells the value in a way that
// cannot be counted along (folded lines, an interpolated variable), it is the beginning.
func (t Text) At(offset int) Pos {
	if t.scalar == nil {
		return t.Pos
	}
	return t.scalar.at(t.Value, offset)
}

// redacted stands wherever a secret would.
const redacted = "[redacted]"

// Secret is a value that is never printed: by fmt, slog and encoders it shows as [redacted].
type Secret struct {
	// A pointer, so that even fmt, which cannot call methods on what is inside unexported fields,
	// shows no more than an address.
	value *string
	Pos   Pos
}

// NewSecret makes a secret.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal gives the value to who needs it.
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

// units are the spellings of a size, the longest first. 1 MB is read as written, 1,000,000 bytes.
var units = []struct {
	name  string
	bytes Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// String gives the size in the largest unit that it is a whole number of.
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

// parseSize reads 512, 64KiB, 1.5MiB or 1 MB.
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
