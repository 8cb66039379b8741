package transport_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
)

// TestFrames holds conversations on the level of frames: what a client sends at once, and every frame
// that it gets. A close frame ends each: the server's, or the answer to the client's own.
func TestFrames(t *testing.T) {
	t.Parallel()
	bye := masked(fin|opClose, closePayload(1000, ""))
	byeAnswer := got{fin | opClose, closePayload(1000, "")}
	text := func(s string) got { return got{fin | opText, s} }
	long := strings.Repeat("0123456789", 7000)
	cases := []struct {
		name string
		send [][]byte
		want []got
	}{
		{"a text message comes back", [][]byte{masked(fin|opText, "hello"), bye}, []got{text("hello"), byeAnswer}},
		{"a binary message comes back", [][]byte{masked(fin|opBinary, "\x00\xff"), bye}, []got{{fin | opBinary, "\x00\xff"}, byeAnswer}},
		{"an empty message is a message", [][]byte{masked(fin|opText, ""), bye}, []got{text(""), byeAnswer}},
		{"125 bytes, the longest with a short length", [][]byte{masked(fin|opText, long[:125]), bye}, []got{text(long[:125]), byeAnswer}},
		{"126 bytes, the shortest with 16 bits of length", [][]byte{masked(fin|opText, long[:126]), bye}, []got{text(long[:126]), byeAnswer}},
		{"65535 bytes, the longest with 16 bits of length", [][]byte{masked(fin|opText, long[:65535]), bye}, []got{text(long[:65535]), byeAnswer}},
		{"65536 bytes, the shortest with 64 bits of length", [][]byte{masked(fin|opText, long[:65536]), bye}, []got{text(long[:65536]), byeAnswer}},
		{
			"many messages in one segment",
			[][]byte{masked(fin|opText, "a"), masked(fin|opBinary, "b"), masked(fin|opText, "c"), bye},
			[]got{text("a"), {fin | opBinary, "b"}, text("c"), byeAnswer},
		},
		{"a mask of zeros is a mask", [][]byte{maskedBy(fin|opText, []byte("hello"), [4]byte{}), bye}, []got{text("hello"), byeAnswer}},

		{"two fragments are one message", [][]byte{masked(opText, "hel"), masked(fin|opContinuation, "lo"), bye}, []got{text("hello"), byeAnswer}},
		{
			"fragments may be empty",
			[][]byte{masked(opText, ""), masked(opContinuation, ""), masked(opContinuation, "x"), masked(fin|opContinuation, ""), bye},
			[]got{text("x"), byeAnswer},
		},
		{"a character may be cut by fragments", [][]byte{masked(opText, "\xe2\x82"), masked(fin|opContinuation, "\xac"), bye}, []got{text("€"), byeAnswer}},
		{
			"control frames come between fragments",
			[][]byte{masked(opText, "a"), masked(fin|opPing, "now"), masked(fin|opContinuation, "b"), bye},
			[]got{{fin | opPong, "now"}, text("ab"), byeAnswer},
		},
		{
			"a message of many fragments is as long as all of them",
			[][]byte{masked(opBinary, long[:60000]), masked(opContinuation, long[:3]), masked(fin|opContinuation, long[:10]), bye},
			[]got{{fin | opBinary, long[:60000] + long[:3] + long[:10]}, byeAnswer},
		},

		{"a ping is answered with its payload", [][]byte{masked(fin|opPing, long[:125]), bye}, []got{{fin | opPong, long[:125]}, byeAnswer}},
		{"an empty ping is answered", [][]byte{masked(fin|opPing, ""), bye}, []got{{fin | opPong, ""}, byeAnswer}},
		{"a pong that nobody asked for is taken", [][]byte{masked(fin|opPong, "?"), masked(fin|opText, "on"), bye}, []got{text("on"), byeAnswer}},
	}
	s := serve(t, transport.Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := s.dial(t, "Sec-WebSocket-Protocol: echo")
			client.send(c.send...)
			for _, want := range c.want {
				client.wants(want.first, want.payload)
			}
			client.wantsEnd()
		})
		t.Run(c.name+", byte by byte", func(t *testing.T) {
			total := 0
			for _, sent := range c.send {
				total += len(sent)
			}
			if total > 1000 {
				t.Skip("slow, and of no interest")
			}
			client := s.dial(t, "Sec-WebSocket-Protocol: echo")
			for _, sent := range c.send {
				for i := range sent {
					client.send(sent[i : i+1])
				}
			}
			for _, want := range c.want {
				client.wants(want.first, want.payload)
			}
			client.wantsEnd()
		})
	}
}

func TestViolationsCloseWithTheCodeThatFits(t *testing.T) {
	t.Parallel()
	huge := func(length uint64) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{fin | opText, 0x80 | 127}, length), 1, 2, 3, 4)
	}
	long := strings.Repeat("x", 126)
	cases := []struct {
		name     string
		protocol string
		send     [][]byte
		code     uint16
		text     string // part of the close frame's
	}{
		{"a frame without a mask", "echo", [][]byte{append(header(fin|opText, 2, 0), "hi"...)}, 1002, "masked"},
		{"RSV1 without an extension", "echo", [][]byte{masked(fin|rsv1|opText, "x")}, 1002, "rsv"},
		{"RSV2", "echo", [][]byte{masked(fin|0x20|opText, "x")}, 1002, "rsv"},
		{"RSV3", "echo", [][]byte{masked(fin|0x10|opText, "x")}, 1002, "rsv"},
		{"a data opcode that is reserved", "echo", [][]byte{masked(fin|0x3, "x")}, 1002, "op code"},
		{"a control opcode that is reserved", "echo", [][]byte{masked(fin|0xb, "x")}, 1002, "op code"},
		{"a control frame that is too long", "echo", [][]byte{masked(fin|opPing, long)}, 1002, "control"},
		{"a fragmented control frame", "echo", [][]byte{masked(opPing, "x")}, 1002, "control"},
		{"a fragmented close frame", "echo", [][]byte{masked(opClose, "")}, 1002, "control"},
		{"a continuation of nothing", "echo", [][]byte{masked(fin|opContinuation, "x")}, 1002, "continuation"},
		{
			"a continuation after the last fragment", "echo",
			[][]byte{masked(opText, "x"), masked(fin|opContinuation, "y"), masked(opContinuation, "z")},
			1002, "continuation",
		},
		{"a message within a message", "echo", [][]byte{masked(opText, "x"), masked(fin|opText, "y")}, 1002, "continuation"},
		{"a length with the highest bit", "echo", [][]byte{huge(1 << 63)}, 1002, "bit"},
		{"a length that could be shorter, 16 bits", "echo", [][]byte{{fin | opText, 0x80 | 126, 0, 5, 1, 2, 3, 4}}, 1002, "shortest"},
		{"a length that could be shorter, 64 bits", "echo", [][]byte{huge(200)}, 1002, "shortest"},

		{"binary where text is spoken", "text", [][]byte{masked(fin|opBinary, "x")}, 1003, "text frames"},
		{"text where binary is spoken", "binary", [][]byte{masked(fin|opText, "x")}, 1003, "binary frames"},

		{"text that is not UTF-8", "echo", [][]byte{masked(fin|opText, "a\xffb")}, 1007, "UTF-8"},
		{"text that ends within a character", "echo", [][]byte{masked(fin|opText, "a\xe2\x82")}, 1007, "UTF-8"},
		{
			"text whose fragments end within a character", "echo",
			[][]byte{masked(opText, "a\xe2\x82"), masked(fin|opContinuation, "")},
			1007, "UTF-8",
		},
		{"a surrogate", "echo", [][]byte{masked(fin|opText, "\xed\xa0\x80")}, 1007, "UTF-8"},
		{"an overlong character", "echo", [][]byte{masked(fin|opText, "\xc0\xaf")}, 1007, "UTF-8"},
		{"a fragment that cannot become UTF-8 any more", "echo", [][]byte{masked(opText, "\xce\xba\xf4\x90")}, 1007, "UTF-8"},
		{"half a frame that cannot become UTF-8 any more", "echo", [][]byte{masked(opText, "ok\xff ...... and so on")[:12]}, 1007, "UTF-8"},

		{"a close frame with one byte", "echo", [][]byte{masked(fin|opClose, "x")}, 1002, "half"},
		{"a close frame with a text that is not UTF-8", "echo", [][]byte{masked(fin|opClose, closePayload(1000, "\xff"))}, 1007, "UTF-8"},

		{"an announced length over the limit", "echo", [][]byte{huge(1 << 40)}, 1009, "70000"},
		{"a length just over the limit", "echo", [][]byte{huge(70001)}, 1009, "70000"},
		{
			"fragments that are over the limit together", "echo",
			[][]byte{masked(opText, strings.Repeat("x", 40000)), header(opContinuation, 30001, 0x80), {1, 2, 3, 4}},
			1009, "70000",
		},
	}
	s := serve(t, transport.Options{Limits: transport.Limits{MaxMessage: 70000}})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := s.dial(t, "Sec-WebSocket-Protocol: "+c.protocol)
			client.send(c.send...)
			g := client.receive()
			for g.first&0xf != opClose { // what was whole before it is answered
				g = client.receive()
			}
			if code := binary.BigEndian.Uint16([]byte(g.payload)); code != c.code || !strings.Contains(g.payload[2:], c.text) {
				t.Fatalf("closed with %d %q, want %d and %q", code, g.payload[2:], c.code, c.text)
			}
			client.wantsEnd()
		})
	}
}

func TestCloseCodesOfClients(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3002, 3999, 4000, 4999} {
		client := s.dial(t)
		client.send(masked(fin|opClose, closePayload(code, "why")))
		client.wantsClose(code)
		client.wantsEnd()
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		client := s.dial(t)
		client.send(masked(fin|opClose, closePayload(code, "why")))
		client.wantsClose(1002)
		client.wantsEnd()
	}
	client := s.dial(t)
	client.send(masked(fin|opClose, ""))
	client.wants(fin|opClose, "")
	client.wantsEnd()
}

func TestPingsAreAnsweredInOrderAndAFloodOfThemByTheLatest(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	client := s.dial(t)
	for range 10 {
		client.send(masked(fin|opPing, "a"), masked(fin|opPing, "b"))
	}
	for range 10 {
		client.wants(fin|opPong, "a")
		client.wants(fin|opPong, "b")
	}
	var flood [][]byte
	for range 20000 {
		flood = append(flood, masked(fin|opPing, "x"))
	}
	flood = append(flood, masked(fin|opPing, "last"))
	client.send(flood...)
	for n := 0; ; n++ {
		g := client.receive()
		if g.first != fin|opPong || n > len(flood) {
			t.Fatalf("got %v", g)
		}
		if g.payload == "last" {
			return
		}
	}
}

func TestFramesThatWereSentWithTheHandshakeAreNotLost(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	request := upgradeRequest("/ws") + string(masked(fin|opText, "early")) + string(masked(opText, "la")[:3])
	client := upgraded(t, dialRaw(t, s.addr), request)
	client.wants(fin|opText, "early")
	client.send(masked(opText, "la")[3:], masked(fin|opContinuation, "te"))
	client.wants(fin|opText, "late")
}
