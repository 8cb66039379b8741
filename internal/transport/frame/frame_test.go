package frame_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport/frame"
)

// TestAReaderIsIdleOnlyBetweenMessages feeds a fragmented message with a ping in it byte by byte: the reader may go
// back to its pool before the first byte and after the last.
func TestAReaderIsIdleOnlyBetweenMessages(t *testing.T) {
	t.Parallel()
	r := frame.WebSocket{}.NewReader(frame.Rules{MaxMessage: 100, Types: frame.Text})
	input := bytes.Join([][]byte{masked(opText, "hel"), masked(fin|opPing, "x"), masked(fin|opContinuation, "lo")}, nil)
	var got []string
	for i := range input {
		if idle := r.Idle(); idle != (i == 0) {
			t.Fatalf("before byte %d: idle is %t", i, idle)
		}
		code := feed(r, input[i:i+1], func(_ frame.Opcode, payload []byte) { got = append(got, string(payload)) })
		if code != 0 {
			t.Fatalf("byte %d: refused with %d", i, code)
		}
	}
	if !r.Idle() || strings.Join(got, " ") != "x hello" {
		t.Errorf("idle is %t after %q", r.Idle(), got)
	}
}

func TestAFramingMakesWhatAReaderReads(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536} {
		message := []byte(strings.Repeat("x", size))
		framed, fits := frame.RawSocketFraming{Limit: size}.Frame(nil, message)
		r := frame.RawSocket{}.NewReader(frame.Rules{MaxMessage: size})
		var got []byte
		code := feed(r, framed, func(_ frame.Opcode, payload []byte) { got = bytes.Clone(payload) })
		if !fits || code != 0 || !bytes.Equal(got, message) {
			t.Errorf("RawSocket, %d bytes: read %d, code %d", size, len(got), code)
		}
		if _, fits := (frame.RawSocketFraming{Limit: size - 1}).Frame(nil, message); fits {
			t.Errorf("RawSocket, %d bytes fit where %d are accepted", size, size-1)
		}
		short, _ := frame.WebSocketFraming{Opcode: frame.OpBinary}.Frame(nil, message)
		want := masked(fin|opBinary, string(message))
		if len(short) != len(want)-4 || short[0] != want[0] || short[1] != want[1]&^0x80 || !bytes.HasSuffix(short, message) {
			t.Errorf("WebSocket, %d bytes: % .16x", size, short)
		}
	}
}

func TestTheTextOfACloseFrameEndsWithAWholeCharacter(t *testing.T) {
	t.Parallel()
	framed := frame.Close(frame.CodeNormal, strings.Repeat("x", 122)+"€")
	if code, wrong := frame.ParseClose(framed[2:]); code != frame.CodeNormal || wrong != nil || len(framed) != 2+2+122 {
		t.Errorf("%d bytes, code %d, %v", len(framed), code, wrong)
	}
	if framed := frame.Close(frame.CodeNormal, "\xff"); len(framed) != 4 {
		t.Errorf("a text that is not UTF-8 made % x", framed)
	}
}
