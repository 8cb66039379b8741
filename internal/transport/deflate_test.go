package transport_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
)

const plainAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

func TestOffersOfCompression(t *testing.T) {
	t.Parallel()
	cases := []struct{ offer, answer string }{
		{"permessage-deflate", plainAnswer},
		{"permessage-deflate; client_max_window_bits", plainAnswer}, // Chromium's
		{"permessage-deflate; client_max_window_bits=8", plainAnswer},
		{`permessage-deflate; client_max_window_bits="15"`, plainAnswer},
		{"permessage-deflate; server_no_context_takeover", plainAnswer},
		{"permessage-deflate; client_no_context_takeover; server_no_context_takeover", plainAnswer},
		{"permessage-deflate; server_max_window_bits=15", plainAnswer + "; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=8", plainAnswer + "; server_max_window_bits=8"},
		{
			"permessage-deflate; server_max_window_bits=10; client_max_window_bits=9; client_no_context_takeover",
			plainAnswer + "; server_max_window_bits=10",
		},
		{"x-other, permessage-deflate", plainAnswer},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", plainAnswer + "; server_max_window_bits=10"},

		// An offer that is not right is declined; the next one may be.
		{"permessage-deflate; what=1", ""},
		{"permessage-deflate; what=1, permessage-deflate", plainAnswer},
		{"permessage-deflate; server_max_window_bits", ""},
		{"permessage-deflate; server_max_window_bits=7", ""},
		{"permessage-deflate; server_max_window_bits=16", ""},
		{"permessage-deflate; server_max_window_bits=08", ""},
		{"permessage-deflate; server_max_window_bits=x", ""},
		{"permessage-deflate; client_max_window_bits=7", ""},
		{"permessage-deflate; client_max_window_bits=16", ""},
		{"permessage-deflate; server_no_context_takeover=1", ""},
		{"permessage-deflate; client_no_context_takeover=1", ""},
		{"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", ""},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
		{"permessage-deflate; client_no_context_takeover; client_no_context_takeover", ""},
		{"Permessage-Deflatex", ""},
		{"", ""},
	}
	on := serve(t, transport.Options{})
	off := serve(t, transport.Options{Compression: transport.CompressionOff})
	text := strings.Repeat("to be compressed, ", 30)
	for _, c := range cases {
		client := on.dial(t, "Sec-WebSocket-Extensions: "+c.offer)
		if client.extension != c.answer {
			t.Errorf("offer %q: answered %q, want %q", c.offer, client.extension, c.answer)
		}
		if c.answer != "" {
			client.send(masked(fin|rsv1|opText, deflated(text)))
			if g := client.receive(); g.first != fin|rsv1|opText || inflated(t, g.payload) != text || len(g.payload) > 100 {
				t.Errorf("offer %q: got %v", c.offer, g)
			}
		}
		if client := off.dial(t, "Sec-WebSocket-Extensions: "+c.offer); client.extension != "" {
			t.Errorf("offer %q where compression is off: answered %q", c.offer, client.extension)
		}
	}
}

func TestCompressedMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Limits: transport.Limits{MaxMessage: 100_000}})
	text := strings.Repeat("compressed €, ", 100)
	small := "small"
	squeezed := deflated(text)
	cases := []struct {
		name string
		send [][]byte
		want string
	}{
		{"in one frame", [][]byte{masked(fin|rsv1|opText, squeezed)}, text},
		{"in fragments, the first of which is marked", [][]byte{
			masked(rsv1|opText, squeezed[:5]), masked(opContinuation, ""),
			masked(fin|opPong, ""), masked(fin|opContinuation, squeezed[5:]),
		}, text},
		{"a small one, which is answered uncompressed", [][]byte{masked(fin|rsv1|opText, deflated(small))}, small},
		{"one that is not compressed", [][]byte{masked(fin|opText, text)}, text},
		{"an empty one", [][]byte{masked(fin|rsv1|opText, "\x00")}, ""},
		{"an empty one, without even its block", [][]byte{masked(fin|rsv1|opText, "")}, ""},
		{"RFC 7692, 7.2.3.1: fixed block", [][]byte{masked(fin|rsv1|opText, "\xf2\x48\xcd\xc9\xc9\x07\x00")}, "Hello"},
		{"RFC 7692, 7.2.3.3: block without compression", [][]byte{masked(fin|rsv1|opText, "\x00\x05\x00\xfa\xffHello\x00")}, "Hello"},
		{"RFC 7692, 7.2.3.4: final block", [][]byte{masked(fin|rsv1|opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, "Hello"},
		{"RFC 7692, 7.2.3.5: two blocks", [][]byte{masked(fin|rsv1|opText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")}, "Hello"},
		{"binary", [][]byte{masked(fin|rsv1|opBinary, deflated("\xff\xfe"))}, "\xff\xfe"},
	}
	client := s.dial(t, "Sec-WebSocket-Extensions: permessage-deflate")
	for _, c := range cases {
		client.send(c.send...)
		g := client.receive()
		payload := g.payload
		if g.first&rsv1 != 0 {
			payload = inflated(t, payload)
		}
		if payload != c.want || (len(c.want) > 1000) != (g.first&rsv1 != 0) {
			t.Errorf("%s: got %v", c.name, g)
		}
	}
}

func TestCompressedMessagesThatAreWrong(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Limits: transport.Limits{MaxMessage: 100_000}})
	squeezed := deflated(strings.Repeat("x", 1000))
	cases := []struct {
		name string
		send [][]byte
		code uint16
	}{
		{"a bomb", [][]byte{masked(fin|rsv1|opBinary, deflated(strings.Repeat("\x00", 50<<20)))}, 1009},
		{"one byte over the limit", [][]byte{masked(fin|rsv1|opText, deflated(strings.Repeat("x", 100_001)))}, 1009},
		{"nonsense", [][]byte{masked(fin|rsv1|opText, "\xff\xff\xff\xff")}, 1007},
		{"something behind the final block", [][]byte{masked(fin|rsv1|opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x01\x02")}, 1007},
		{"text that is not UTF-8", [][]byte{masked(fin|rsv1|opText, deflated("\xff"))}, 1007},
		{"a continuation that is marked", [][]byte{masked(rsv1|opText, squeezed[:3]), masked(fin|rsv1|opContinuation, squeezed[3:])}, 1002},
		{"a control frame that is marked", [][]byte{masked(fin|rsv1|opPing, "")}, 1002},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := s.dial(t, "Sec-WebSocket-Extensions: permessage-deflate")
			client.send(c.send...)
			client.wantsClose(c.code)
			client.wantsEnd()
		})
	}
	client := s.dial(t, "Sec-WebSocket-Extensions: permessage-deflate")
	exact := strings.Repeat("x", 100_000)
	client.send(masked(fin|rsv1|opText, deflated(exact)))
	if g := client.receive(); inflated(t, g.payload) != exact {
		t.Error("a message just within the limit did not come back")
	}
}

func TestAFrameIsMadeOnceForClientsOfOneFraming(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	for _, extension := range []string{"", "permessage-deflate", "permessage-deflate", "permessage-deflate; server_max_window_bits=9"} {
		s.dial(t, "Sec-WebSocket-Extensions: "+extension)
	}
	framings := make(map[any]int)
	for _, conv := range handler.all() {
		framings[conv.info.Text]++
		framings[conv.info.Binary]++
	}
	if len(framings) != 6 {
		t.Errorf("%d kinds of framing, want plain, deflated and deflated with a small window, each text and binary", len(framings))
	}
}

func TestTheWindowThatAClientAskedForIsNotExceeded(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789abcdef"[random.IntN(16)]
		}
		return string(b)
	}
	once, other := noise(200), noise(200)
	between := noise(1000)
	size := func(bits, text string) int {
		client := s.dial(t, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="+bits)
		client.send(masked(fin|opText, text))
		return len(client.receive().payload)
	}
	saved := func(bits string) int { // by the repetition of what is 1200 bytes back
		return size(bits, once+between+other) - size(bits, once+between+once)
	}
	for _, bits := range []string{"8", "9", "10"} {
		if n := saved(bits); n > 20 {
			t.Errorf("a window of %s bits saved %d bytes by what is outside of it", bits, n)
		}
	}
	if n := saved("11"); n < 50 {
		t.Errorf("a window of 11 bits saved %d bytes only: the test proves nothing", n)
	}
}
