package frame

import "unicode/utf8"

// utf8Checker checks text that arrives in pieces, which may be cut within a character. It fails at the first byte that
// no continuation can make valid (RFC 6455, 8.1).
type utf8Checker struct {
	begun [utf8.UTFMax]byte // a character whose rest has not arrived
	n     int
}

// accept reports whether the text so far can still become valid.
func (u *utf8Checker) accept(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.begun[u.n] = p[0]
		u.n++
		p = p[1:]
		if !utf8.FullRune(u.begun[:u.n]) {
			continue
		}
		if !utf8.Valid(u.begun[:u.n]) {
			return false
		}
		u.n = 0
	}
	end := len(p)
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		if tail := p[len(p)-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				end -= back
			}
			break
		}
	}
	if end < len(p) {
		u.n = copy(u.begun[:], p[end:])
	}
	return utf8.Valid(p[:end])
}

// complete reports whether the text ends with a whole character.
func (u *utf8Checker) complete() bool { return u.n == 0 }
