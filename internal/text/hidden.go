package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is the number of combining marks that one base character may carry. Vietnamese needs 2, vocalized Hebrew
// with cantillation 5. A text with more covers its neighbors on the screen.
const maxMarks = 6

// The invisible characters that have a use between certain characters, and are refused elsewhere.
const (
	nonJoiner  = '\u200c'     // between letters of a cursive script, and behind a virama
	joiner     = '\u200d'     // between emoji, and beside a virama
	textStyle  = '\ufe0e'     // behind an emoji
	emojiStyle = '\ufe0f'     // the same
	blackFlag  = '\U0001f3f4' // begins the flags of England, Scotland and Wales
	cancelTag  = '\U000e007f' // ends them
	tagOffset  = 0xe0000      // between ASCII and tag characters
	vowelSpace = '\u180e'     // between Mongolian letters
	lastASCII  = '~'
)

// subdivisions are the tags of the flags that are in use. Other tags would hide text behind a black flag.
var subdivisions = []string{"gbeng", "gbsct", "gbwls"}

// viramas are the signs that join consonants (Unicode, canonical combining class 9), by which RFC 5892 allows joiners.
var viramas = []rune{
	0x094d, 0x09cd, 0x0a4d, 0x0acd, 0x0b4d, 0x0bcd, 0x0c4d, 0x0ccd, 0x0d3b, 0x0d3c, 0x0d4d, 0x0dca, 0x0e3a, 0x0eba, 0x0f84,
	0x1039, 0x103a, 0x1714, 0x1734, 0x17d2, 0x1a60, 0x1b44, 0x1baa, 0x1bab, 0x1bf2, 0x1bf3, 0x2d7f, 0xa806, 0xa82c, 0xa8c4,
	0xa953, 0xa9c0, 0xaaf6, 0xabed, 0x11046, 0x1107f, 0x110b9, 0x11133, 0x11134, 0x111c0, 0x11235, 0x112ea, 0x1134d,
	0x11442, 0x114c2, 0x115bf, 0x1163f, 0x116b6, 0x1172b, 0x11839, 0x119e0, 0x11a34, 0x11a47, 0x11a99, 0x11c3f, 0x11d44,
	0x11d45, 0x11d97,
}

// cursive are the scripts whose letters join, so that a non-joiner between two of them is visible.
var cursive = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic, unicode.Phags_Pa, unicode.Adlam,
}

// emoji are the blocks that hold them, with the places that Unicode reserves for new ones.
var emoji = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00a9, Hi: 0x00a9, Stride: 1},
		{Lo: 0x00ae, Hi: 0x00ae, Stride: 1},
		{Lo: 0x203c, Hi: 0x203c, Stride: 1},
		{Lo: 0x2049, Hi: 0x2049, Stride: 1},
		{Lo: 0x2122, Hi: 0x2122, Stride: 1},
		{Lo: 0x2139, Hi: 0x2139, Stride: 1},
		{Lo: 0x2190, Hi: 0x21ff, Stride: 1},
		{Lo: 0x2300, Hi: 0x23ff, Stride: 1},
		{Lo: 0x24c2, Hi: 0x24c2, Stride: 1},
		{Lo: 0x25a0, Hi: 0x27bf, Stride: 1},
		{Lo: 0x2900, Hi: 0x297f, Stride: 1},
		{Lo: 0x2b00, Hi: 0x2bff, Stride: 1},
		{Lo: 0x3030, Hi: 0x3030, Stride: 1},
		{Lo: 0x303d, Hi: 0x303d, Stride: 1},
		{Lo: 0x3297, Hi: 0x3297, Stride: 1},
		{Lo: 0x3299, Hi: 0x3299, Stride: 1},
	},
	R32:         []unicode.Range32{{Lo: 0x1f000, Hi: 0x1faff, Stride: 1}},
	LatinOffset: 2,
}

// blanks are characters that are letters, marks or symbols by their category, and show nothing.
var blanks = []rune{
	0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0, 0xfffc,
}

// hide calls hidden with the place and the size of each character of a text that is not seen, until hidden returns
// false. These are control characters, direction marks, tags, characters of private use, characters that Unicode does
// not define, joiners and variation selectors without an effect, and combining marks on top of too many.
func hide(s string, hidden func(at, size int) bool) {
	var before window
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if flag := flagAt(s[at:], r); flag > 0 {
			r, size = blackFlag, flag
		}
		next, _ := utf8.DecodeRuneInString(s[at+size:])
		switch {
		case before.shows(r, next) && (r != utf8.RuneError || size > 1):
			before.push(r)
		case !hidden(at, size):
			return
		}
		at += size
	}
}

// flagAt returns the size of the flag of a subdivision that a text begins with, or 0.
func flagAt(s string, first rune) int {
	if first != blackFlag {
		return 0
	}
	rest := s[utf8.RuneLen(blackFlag):]
	for _, name := range subdivisions {
		tags := strings.Map(func(r rune) rune { return r + tagOffset }, name) + string(cancelTag)
		if strings.HasPrefix(rest, tags) {
			return len(s) - len(rest) + len(tags)
		}
	}
	return 0
}

// window holds what stands before a character, as far as that matters.
type window struct {
	last  rune // 0 at the beginning
	base  rune // the last that is no mark, joiner or variation selector
	marks int  // behind base
}

func (w *window) push(r rune) {
	w.last = r
	switch {
	case isMark(r):
		w.marks++
	case r == joiner, r == nonJoiner, unicode.Is(unicode.Variation_Selector, r):
	default:
		w.base, w.marks = r, 0
	}
}

// isMark reports whether a character stacks on the one before it. Spacing marks do not.
func isMark(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) && !unicode.Is(unicode.Variation_Selector, r)
}

// shows reports whether a character has an effect that is seen between what stands before it and next.
func (w *window) shows(r, next rune) bool {
	switch {
	case ' ' <= r && r <= lastASCII:
		return true
	case r == joiner:
		return w.joins(next)
	case r == nonJoiner:
		return slices.Contains(viramas, w.last) || w.last != nonJoiner && unicode.In(w.base, cursive...) && unicode.In(next, cursive...)
	case r == vowelSpace:
		return unicode.Is(unicode.Mongolian, w.last) && unicode.Is(unicode.Mongolian, next)
	case unicode.Is(unicode.Variation_Selector, r):
		return w.varies(r)
	case slices.Contains(blanks, r):
		return false
	case isMark(r):
		return w.base != 0 && w.marks < maxMarks
	case unicode.Is(emoji, r):
		return true // even if this program's version of Unicode does not know it yet
	}
	return unicode.IsGraphic(r) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// joins reports whether a joiner has an effect: between two emoji, or beside a virama. Bengali and Kannada write it
// before the virama.
func (w *window) joins(next rune) bool {
	if unicode.Is(emoji, w.base) {
		return w.last != joiner && unicode.Is(emoji, next)
	}
	return slices.Contains(viramas, w.last) || unicode.IsLetter(w.last) && slices.Contains(viramas, next)
}

// varies reports whether a variation selector has a variant to choose: of an emoji, a keycap, an ideograph, or a letter
// of the scripts that Unicode has variants for.
func (w *window) varies(r rune) bool {
	if w.last != w.base { // one selector is enough
		return false
	}
	switch {
	case r == textStyle, r == emojiStyle:
		return unicode.Is(emoji, w.base) || strings.ContainsRune("0123456789#*", w.base)
	case unicode.Is(unicode.Han, w.base):
		return r <= 0xfe02 || r >= 0xe0100
	case unicode.Is(unicode.Mongolian, w.base):
		return r < 0x1810
	}
	return r == 0xfe00 && unicode.In(w.base, unicode.Myanmar, unicode.Phags_Pa)
}
