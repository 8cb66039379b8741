package wamp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/wamp"
)

// This package accepts the same JSON as jsontext, at each place of a frame. jsontext has no limits of depth and
// range.
func FuzzJSONAgreesWithTheJSONLibrary(f *testing.F) {
	for _, value := range jsonValues() {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		alone := "[" + value + "]"
		_, err := wamp.PayloadFromJSON([]byte(alone), nil)
		compareJSON(t, alone, err)
		_, err = wamp.PayloadFromJSON([]byte(value), nil)
		compareJSON(t, value, err)
		for _, frame := range []string{
			`[16,1,{},"t",[` + value + `]]`,              // skipped
			`[16,1,{"_unknown":` + value + `},"t"]`,      // decoded
			`[16,1,{},"t",[],{"a":1,"b":` + value + `}]`, // inside a map with another key
		} {
			_, err := wamp.V2JSON.Decode([]byte(frame))
			compareJSON(t, frame, err)
		}
	})
}

func compareJSON(t *testing.T, text string, err error) {
	t.Helper()
	if valid := jsontext.Value(text).IsValid(); valid == malformed(err) {
		t.Errorf("%q: valid for jsontext: %v; this package returns %v", text, valid, err)
	}
}

// malformed reports whether an error is a syntax error, and not about the meaning of the text or a limit.
func malformed(err error) bool {
	return err != nil && slices.ContainsFunc(
		[]string{
			"is not valid JSON", "ends in the middle of a value", "has bytes after the message", "has a map with the same key twice",
			"has half of a surrogate pair", "has a string with", "has a string that is not valid UTF-8", "is a key that its dict has twice",
			"for which JSON has no form",
		},
		func(text string) bool { return strings.Contains(err.Error(), text) },
	)
}

func jsonValues() []string {
	values := []string{
		``, ` `, `null`, `nul`, `nulll`, `true`, `tru`, `false`, `falsey`, `Null`, `'a'`, "\ufeff1",
		`0`, `-0`, `-`, `+1`, `01`, `-01`, `00`, `1.`, `.5`, `1.5`, `-1.5e3`, `1e`, `1e+`, `1E-7`, `1e+07`, `1.e1`, `0e0`, `0x1`, `1_000`,
		`123456789012345678`, `1234567890123456789`, `18446744073709551615`, `18446744073709551616`, `1e308`, `1e309`, `1e-999`,
		strings.Repeat("9", 310), strings.Repeat("9", 300) + "e10", "0." + strings.Repeat("0", 400) + "1",
		`""`, `"`, `"a`, `"a\`, `"\"`, `"\""`, `"\\"`, `"\/\b\f\n\r\t"`, `"\a"`, `"\u00e4"`, `"\u00E4"`, `"\u00g4"`, `"\u00e"`, `"\U00e4"`,
		`"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`, `"\ud83dx"`, `"\ud83d\ud83d"`, `"\ud83d\n"`, `"\ufffd"`,
		"\"\u00e4\"", "\"\xe4\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\x80\"", "\"ä\x7f€😀\"", "\"\x00\"", "\"\x1f\"", "\"\n\"",
		`[]`, `[ ]`, `[,]`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[`, `]`, `[[]]`, `[[],[]]`, "[ 1 ,\t2\r,\n3 ]", "[1\v]", "[1\u00a0]",
		`{}`, `{ }`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a" : 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{"a":1]`, `{"a",1}`, `{"a"::1}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"a":{"a":1},"b":{"a":1}}`, `{"a":{"b":1,"b":2}}`, `{"a":{"b":1},"a":2}`,
		`1,2`, `1]`, `1}`, `1],[2`, `1,"b":2`, `1,"a":2`, `1},"t",[{"x":1`,
		strings.Repeat("[", 61) + strings.Repeat("]", 61), strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat(`{"a":`, 70),
	}
	for i := range 20 { // at each place of the eight bytes that are scanned at a time
		for _, bad := range []string{"\x1f", "\x80", `\x`, "\xc3", "ä", `\n`, ` `, `!`, `#`, `[`, `]`, "\x7f"} {
			values = append(values, `"`+strings.Repeat("a", i)+bad+`b"`)
		}
	}
	for _, n := range []int{11, 12, 13, 40, 63, 64, 65, 100} {
		values = append(values, manyNames(n, "z"), manyNames(n, "k0"), manyNames(n, fmt.Sprintf("k%d", n-1)))
		values = append(values, `{"x":`+manyNames(n, "z")+`,"y":`+manyNames(n, "k1")+`}`)
		values = append(values, strings.Replace(manyNames(n, "z"), `"k3":3`, `"k3":`+manyNames(n, "z"), 1))
		values = append(values, strings.Replace(manyNames(n, "k1"), `"k3":3`, `"k3":`+manyNames(n, "z"), 1))
		values = append(values, strings.Replace(manyNames(n, "z"), `"k3":3`, `"k3":`+manyNames(n, "k2"), 1))
	}
	return values
}

// manyNames returns an object with n names k0, k1 ... and another name.
func manyNames(n int, another string) string {
	var out strings.Builder
	out.WriteString("{")
	for i := range n {
		fmt.Fprintf(&out, `"k%d":%d,`, i, i)
	}
	return out.String() + `"` + another + `":0}`
}
