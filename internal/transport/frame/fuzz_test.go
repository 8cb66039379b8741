package frame_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidings-io/tidings/internal/transport/frame"
)

// FuzzFrames feeds the frame reader with anything, whole and in pieces: what comes out must not depend
// on how the bytes arrived, and must keep to the rules whatever they are.
func FuzzFrames(f *testing.F) {
	f.Add(masked(fin|opText, "hello"), 1)
	f.Add(append(masked(opText, "hel"), append(masked(fin|opPing, "x"), masked(fin|opContinuation, "lo")...)...), 2)
	f.Add(masked(fin|opText, "\xe2\x82\xac"), 3)
	f.Add(masked(fin|rsv1|opText, deflated(strings.Repeat("x", 500))), 5)
	f.Add(masked(fin|rsv1|opBinary, deflated(strings.Repeat("x", 5000))), 7)
	f.Add(masked(fin|opClose, closePayload(1000, "bye")), 1)
	f.Add(append(binary.BigEndian.AppendUint64([]byte{fin | opBinary, 0xff}, 1<<62), 1, 2, 3, 4), 4)
	f.Add(masked(fin|opBinary, strings.Repeat("y", 3000)), 999)
	const limit = 2000
	f.Fuzz(func(t *testing.T, input []byte, piece int) {
		run := func(size int) (code int, out []byte) {
			reader := frame.WebSocket{}.NewReader(frame.Rules{MaxMessage: limit, Types: frame.Text | frame.Binary, Compressed: true})
			for rest := input; len(rest) > 0 && code == 0; {
				n := min(size, len(rest))
				code = int(feed(reader, bytes.Clone(rest[:n]), func(opcode frame.Opcode, payload []byte) {
					switch {
					case opcode.IsControl() && len(payload) > 125:
						t.Fatalf("a control frame of %d bytes", len(payload))
					case len(payload) > limit:
						t.Fatalf("a message of %d bytes", len(payload))
					case opcode == frame.OpText && !utf8.Valid(payload):
						t.Fatal("a text message that is not UTF-8")
					}
					out = append(append(out, byte(opcode), byte(len(payload)), byte(len(payload)>>8)), payload...)
				}))
				rest = rest[n:]
				if held := frame.Held(reader); held > 4*limit {
					t.Fatalf("%d bytes are held", held)
				}
			}
			return code, out
		}
		wholeCode, whole := run(len(input) + 1)
		piecesCode, pieces := run(1 + max(piece, -piece)%1000)
		if wholeCode != piecesCode || !bytes.Equal(whole, pieces) {
			t.Fatalf("whole: %d %q, in pieces: %d %q", wholeCode, whole, piecesCode, pieces)
		}
	})
}

// FuzzRawFrames does the same with RawSocket.
func FuzzRawFrames(f *testing.F) {
	f.Add(raw(0, "hello"), 1)
	f.Add(append(raw(1, "x"), raw(0, strings.Repeat("y", 1900))...), 3)
	f.Add([]byte("\x08\x00\x00\x00"), 2)
	f.Add([]byte("\x03\x00\x00\x01x"), 2)
	const limit = 2000
	f.Fuzz(func(t *testing.T, input []byte, piece int) {
		run := func(size int) (code int, out []byte) {
			reader := frame.RawSocket{}.NewReader(frame.Rules{MaxMessage: limit})
			for rest := input; len(rest) > 0 && code == 0; {
				n := min(size, len(rest))
				code = int(feed(reader, bytes.Clone(rest[:n]), func(opcode frame.Opcode, payload []byte) {
					if len(payload) > limit {
						t.Fatalf("a message of %d bytes", len(payload))
					}
					out = append(append(out, byte(opcode), byte(len(payload)), byte(len(payload)>>8)), payload...)
				}))
				rest = rest[n:]
				if held := frame.Held(reader); held > 4*limit {
					t.Fatalf("%d bytes are held", held)
				}
			}
			return code, out
		}
		wholeCode, whole := run(len(input) + 1)
		piecesCode, pieces := run(1 + max(piece, -piece)%1000)
		if wholeCode != piecesCode || !bytes.Equal(whole, pieces) {
			t.Fatalf("whole: %d %q, in pieces: %d %q", wholeCode, whole, piecesCode, pieces)
		}
	})
}

// FuzzBatches takes anything apart: the messages make the same batch again, unless it ends with what is none.
func FuzzBatches(f *testing.F) {
	f.Add([]byte("[1]\x1e[2]\x1e"), true)
	f.Add([]byte("[1]\x18[2]"), true)
	f.Add([]byte("\x00\x00\x00\x01x\x00\x00\x00\x02yz"), false)
	f.Add([]byte("\xff\xff\xff\xffx"), false)
	f.Fuzz(func(t *testing.T, input []byte, json bool) {
		var again []byte
		whole, count := true, 0
		batching := frame.Prefixed
		if json {
			batching = frame.Separated
		}
		err := batching.Split(input, func(message []byte) error {
			count++
			if len(message) == 0 {
				whole = false
				return nil
			}
			again = append(again, frame.Batch(batching, message)...)
			return nil
		})
		if err != nil || count == 0 {
			t.Fatalf("%d messages, %v", count, err)
		}
		same := bytes.ReplaceAll(bytes.Clone(input), []byte{0x18}, []byte{0x1e})
		if !json {
			same = input
		}
		if whole && !bytes.Equal(same, again) || !bytes.HasPrefix(same, again) {
			t.Fatalf("%q became %q", input, again)
		}
	})
}

// FuzzExtensions gives the handshake any header of extensions: it is answered, and agrees only on
// what was offered.
func FuzzExtensions(f *testing.F) {
	for _, offer := range []string{
		"permessage-deflate", "permessage-deflate; client_max_window_bits", "a, permessage-deflate; server_max_window_bits=9",
		`permessage-deflate; client_max_window_bits="10"`, ";;", "=", `"`, ",", "permessage-deflate; x, permessage-deflate",
	} {
		f.Add(offer)
	}
	f.Fuzz(func(t *testing.T, offer string) {
		agreed, _ := frame.NegotiateExtension([]string{offer})
		answer := agreed.Answer
		if answer == "" {
			return
		}
		if !strings.HasPrefix(answer, plainAnswer) || !strings.Contains(offer, "permessage-deflate") {
			t.Fatalf("offer %q was answered %q", offer, answer)
		}
		if strings.Contains(answer, "max_window_bits") && !strings.Contains(offer, "server_max_window_bits") {
			t.Fatalf("offer %q was answered %q", offer, answer)
		}
	})
}
