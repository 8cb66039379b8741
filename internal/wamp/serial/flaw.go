package serial

import (
	"fmt"
	"strconv"
	"strings"
)

// Flaw returns what is wrong with a value that [Reader.Skip] has refused and [Reader.SkipRefused] has read, and where.
// The parameter name names the value, such as args, and depth is that of Skip.
func Flaw(name string, s Serialization, value []byte, depth int) string {
	if s == CBOR {
		return flaw(name, cborTagged{}, value, depth)
	}
	return flaw(name, formats[s], value, depth)
}

// TranscodeFlaw returns what keeps a value from being transcoded, and where.
func TranscodeFlaw(name string, s Serialization, value []byte) string {
	return flaw(name, formats[s], value, 1)
}

func flaw(name string, f format, value []byte, depth int) string {
	l := locator{Reader: Reader{f: f, b: value}}
	l.value(depth)
	if l.err == nil {
		return name
	}
	return l.path(name) + " " + l.err.Error()
}

// A locator reads a value as [format.skip] does, and stops at the first flaw with the path to it. It is used only for
// payloads that are refused already.
type locator struct {
	Reader
	keys  keyStack
	steps [MaxDepth]step
	n     int  // the number of steps from the payload's part to the flaw
	isKey bool // the flaw is in the text of a key
}

// step leads from an array or a map to one of its values.
type step struct {
	key   []byte // nil: an array
	index int
}

func (l *locator) value(depth int) {
	at := l.pos
	t, _ := l.Next()
	l.explainJSON(at)
	switch {
	case t.Kind != KindArray && t.Kind != KindMap:
	case depth == MaxDepth:
		l.Fail(ErrDepth)
	case t.Kind == KindArray:
		l.array(t.Length(), depth)
	default:
		l.entries(t.Length(), depth)
	}
}

func (l *locator) array(n, depth int) {
	l.n++
	for i := 0; l.More(KindArray, n, i); i++ {
		l.steps[l.n-1] = step{index: i}
		l.value(depth + 1)
	}
	l.leave()
}

func (l *locator) entries(n, depth int) {
	names := l.keys.open()
	for i := 0; l.More(KindMap, n, i); i++ {
		at := l.pos
		key := l.Key()
		l.explainJSON(at)
		if l.err != nil {
			l.isKey = l.err != errKey //nolint:errorlint // nothing wraps it
			return
		}
		l.n++
		l.steps[l.n-1] = step{key: append([]byte{}, key...)}
		if !l.keys.add(&names, key) {
			l.Fail(errKeyTwice)
		}
		l.value(depth + 1)
		l.leave()
	}
	l.keys.close(names)
}

// leave removes the last step, unless it leads to the flaw.
func (l *locator) leave() {
	if l.err == nil {
		l.n--
	}
}

// explainJSON replaces an error of JSON by what is wrong with the string or the number at l.b[at].
func (l *locator) explainJSON(at int) {
	if l.err == errJSON { //nolint:errorlint // nothing wraps it
		l.err = jsonFlaw(l.b[at:])
	}
}

// path returns the way to the flaw, such as args[0].text.
func (l *locator) path(name string) string {
	const maxPath = 120 // bytes; keys come from the client
	var b strings.Builder
	b.WriteString(name)
	for _, s := range l.steps[:l.n] {
		switch {
		case s.key == nil:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case isPlainKey(s.key):
			b.WriteString("." + string(s.key))
		default:
			fmt.Fprintf(&b, "[%.40q]", s.key)
		}
		if b.Len() > maxPath {
			b.WriteString("...")
			break
		}
	}
	if l.isKey {
		b.WriteString(" (a key)")
	}
	return b.String()
}

// isPlainKey reports whether a key can stand behind a dot in a path.
func isPlainKey(key []byte) bool {
	const maxPlain = 40
	for _, c := range key {
		isLetter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !isLetter && !isDigit(c) && c != '_' && c != '-' {
			return false
		}
	}
	return len(key) > 0 && len(key) <= maxPlain
}
