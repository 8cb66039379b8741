package wamp_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A golden frame is a line `in <serialization> <frame>`, followed by the same message in every
// serialization or by the error. Binary frames are in hexadecimal. All other lines are comments.
func TestGoldenFramesMatchTheirFiles(t *testing.T) {
	golden(t, "frames/*.golden", func(t *testing.T, text string) string {
		var out strings.Builder
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "   ") { // an output of the last run
				continue
			}
			out.WriteString(line)
			if input, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "in "); ok {
				out.WriteString(replayFrame(t, input))
			}
		}
		return out.String()
	})
}

func replayFrame(t *testing.T, input string) string {
	t.Helper()
	name, frame, _ := strings.Cut(input, " ")
	encoding, ok := wamp.EncodingFor("wamp.2." + name)
	if !ok {
		t.Fatalf("unknown serialization in %q", input)
	}
	m, err := encoding.Decode(fromText(t, encoding, strings.TrimSpace(frame)))
	if err != nil {
		return "   " + failure(err) + "\n"
	}
	var out strings.Builder
	for _, e := range encodings {
		again, err := e.Append(nil, m)
		if err != nil && encoding == wamp.V2CBOR && e != encoding { // a tag that only CBOR can carry
			fmt.Fprintf(&out, "   not in %s: %v\n", e.Serialization(), err)
			continue
		}
		if err != nil {
			t.Fatalf("%s: append as %s: %v", input, e.Subprotocol(), err)
		}
		fmt.Fprintf(&out, "   %-8s%s\n", e.Serialization(), toText(e, again))
		back, err := e.Decode(again)
		if err != nil {
			t.Fatalf("%s: decode what was appended as %s: %v", input, e.Subprotocol(), err)
		}
		if twice, err := e.Append(nil, back); err != nil || string(twice) != string(again) {
			t.Errorf("%s: as %s it becomes %x, then %x, %v", input, e.Subprotocol(), again, twice, err)
		}
	}
	return out.String()
}

func fromText(t *testing.T, e wamp.Encoding, text string) []byte {
	t.Helper()
	if !e.Binary() {
		return []byte(text)
	}
	frame, err := hexBytes(text)
	if err != nil {
		t.Fatalf("%q is not hexadecimal: %v", text, err)
	}
	return frame
}

// hexBytes decodes hexadecimal text, which may have spaces.
func hexBytes(text string) ([]byte, error) {
	return hex.DecodeString(strings.ReplaceAll(text, " ", ""))
}

func toText(e wamp.Encoding, frame []byte) string {
	if !e.Binary() {
		return string(frame)
	}
	return hex.EncodeToString(frame)
}
