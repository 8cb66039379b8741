package main

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// exchange has the pieces that a client sends, and the expected answer.
type exchange struct {
	name string
	send []string
	want []want
}

func play(t *testing.T, exchanges []exchange, headers ...string) {
	t.Helper()
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, headers...)
			p.send(e.send...)
			p.wants(e.want...)
		})
	}
}

func to(send ...string) []string { return send }

// fails returns the answer to a violation, which ends the connection.
func fails(code uint16) []want { return []want{wantClose(code), wantEnd} }

// Section 4: the handshake.

func TestHandshakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, request string
		status        int
	}{
		{"as it should be", upgrade(), 101},
		{"tokens in any case, among others", request("upgrade: h2c, WebSocket", "connection: keep-alive, uPGRADE", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Version: 13"), 101},
		{"a subprotocol that nobody knows", upgrade("Sec-WebSocket-Protocol: nonsense"), 400},
		{"an extension that nobody knows", upgrade("Sec-WebSocket-Extensions: x-nonsense; a=b"), 101},
		{"extensions that are malformed", upgrade("Sec-WebSocket-Extensions: ;=,"), 400},
		{"no upgrade", request("Connection: Upgrade", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Version: 13"), 426},
		{"no connection", request("Upgrade: websocket", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Version: 13"), 426},
		{"version 8", request("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Version: 8"), 426},
		{"no version", request("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: "+key), 426},
		{"no key", request("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), 400},
		{"a short key", request("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAA", "Sec-WebSocket-Version: 13"), 400},
		{"two keys", upgrade("Sec-WebSocket-Key: " + key), 400},
		{"a body", upgrade("Content-Length: 3") + "abc", 400},
		{"POST", strings.Replace(upgrade(), "GET", "POST", 1), 405},
		{"HTTP/1.0", strings.Replace(upgrade(), "HTTP/1.1", "HTTP/1.0", 1), 426},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, response := shake(t, c.request)
			if response.StatusCode != c.status {
				t.Errorf("%s, want %d", response.Status, c.status)
			}
			if c.status == http.StatusUpgradeRequired && response.Header.Get("Upgrade") != "websocket" {
				t.Errorf("426 without Upgrade: %v", response.Header)
			}
		})
	}
}

// Section 5.2: framing.

func TestMessagesOfEverySizeComeBack(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 125, 126, 127, 128, 4095, 4096, 65535, 65536, 65537, limit} {
		for first, name := range map[byte]string{finText: "text", finBinary: "binary"} {
			for _, piece := range []int{0, 1, 997, 8192} {
				if piece == 0 {
					piece = size + 16
				} else if size/piece > 5000 {
					continue
				}
				t.Run(fmt.Sprintf("%s of %d in pieces of %d", name, size, piece), func(t *testing.T) {
					t.Parallel()
					payload := strings.Repeat("*", size)
					p := dial(t)
					sent := make(chan struct{})
					go func() {
						defer close(sent)
						for _, part := range pieces(frameOf(first, payload), piece) {
							p.nc.Write([]byte(part))
						}
					}()
					p.wants(want{first: first, payload: payload})
					<-sent
				})
			}
		}
	}
}

func TestManyMessagesComeBackInOrder(t *testing.T) {
	t.Parallel()
	p := dial(t)
	var sent strings.Builder
	var answers []want
	for i := range 1000 {
		payload := fmt.Sprint(i)
		sent.WriteString(frameOf(finText, payload))
		answers = append(answers, wantText(payload))
	}
	p.send(pieces(sent.String(), 333)...)
	p.wants(answers...)
}

func TestInvalidFrameHeadersAreRefused(t *testing.T) {
	t.Parallel()
	exchanges := []exchange{
		{"not masked", to("\x81\x05hello"), fails(1002)},
		{"not masked, empty", to("\x81\x00"), fails(1002)},
		{"length of 16 bits for 125", to(string([]byte{finText, 0x80 | 126, 0, 125}) + string(mask[:])), fails(1002)},
		{"length of 64 bits for 65535", to(string(binary.BigEndian.AppendUint64([]byte{finText, 0x80 | 127}, 65535)) + string(mask[:])), fails(1002)},
		{"length with its highest bit", to(string(binary.BigEndian.AppendUint64([]byte{finBinary, 0x80 | 127}, 1<<63)) + string(mask[:])), fails(1002)},
		{"longer than the limit, announced", to(announced(finBinary, limit+1)), fails(1009)},
		{"longer than any memory, announced", to(announced(finBinary, 1<<62)), fails(1009)},
		{"longer than the limit, in fragments", to(frameOf(binaryOp, strings.Repeat("x", limit)), frameOf(finCont, "x")), fails(1009)},
	}
	for _, bits := range []byte{rsv1, rsv2, rsv3, rsv1 | rsv2 | rsv3} {
		for _, first := range []byte{finText, finBinary, finPing, finPong, finClose, text} {
			exchanges = append(exchanges, exchange{fmt.Sprintf("reserved bits %#x", first|bits), to(frameOf(first|bits, "x")), fails(1002)})
		}
	}
	for _, opcode := range []byte{3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf} {
		for _, payload := range []string{"", "x"} {
			exchanges = append(exchanges, exchange{
				fmt.Sprintf("opcode %x with %d bytes", opcode, len(payload)), to(frameOf(fin|opcode, payload)), fails(1002),
			})
		}
	}
	play(t, exchanges)
}

// Section 5.4: fragmentation.

func TestFragments(t *testing.T) {
	t.Parallel()
	play(t, []exchange{
		{"two", to(frameOf(text, "hel"), frameOf(finCont, "lo")), []want{wantText("hello")}},
		{"of a binary", to(frameOf(binaryOp, "\x00\xff"), frameOf(cont, "\xfe"), frameOf(finCont, "")), []want{wantBinary("\x00\xff\xfe")}},
		{"all empty", to(frameOf(text, ""), frameOf(cont, ""), frameOf(finCont, "")), []want{wantText("")}},
		{"only the second has bytes", to(frameOf(text, ""), frameOf(cont, "x"), frameOf(finCont, "")), []want{wantText("x")}},
		{"with pings in between", to(frameOf(text, "a"), frameOf(finPing, "1"), frameOf(cont, "b"), frameOf(finPing, "2"), frameOf(finCont, "c")), []want{wantPong("1"), wantPong("2"), wantText("abc")}},
		{"with a pong in between", to(frameOf(text, "a"), frameOf(finPong, "1"), frameOf(finCont, "b")), []want{wantText("ab")}},
		{"with a close in between", to(frameOf(text, "a"), closing(1000, "")), fails(1000)},
		{"a continuation of nothing", to(frameOf(finCont, "x")), fails(1002)},
		{"a continuation of nothing that goes on", to(frameOf(cont, "x")), fails(1002)},
		{"a message within another", to(frameOf(text, "a"), frameOf(finText, "b")), fails(1002)},
		{"a fragment of another within one", to(frameOf(text, "a"), frameOf(binaryOp, "b")), fails(1002)},
		{"of a ping", to(frameOf(ping, "a"), frameOf(finCont, "b")), fails(1002)},
		{"of a pong", to(frameOf(pong, "a")), fails(1002)},
		{"of a close", to(frameOf(closeOp, "\x03\xe8")), fails(1002)},
	})
}

func TestAMessageOfManyFragments(t *testing.T) {
	t.Parallel()
	const size = 1 << 18
	for _, fragment := range []int{64, 1024, 65536} {
		p := dial(t)
		parts := pieces(strings.Repeat("#", size), fragment)
		var sent strings.Builder
		for i, part := range parts {
			first := byte(cont)
			if i == 0 {
				first = text
			}
			if i == len(parts)-1 {
				first |= fin
			}
			sent.WriteString(frameOf(first, part))
		}
		p.send(sent.String())
		p.wants(wantText(strings.Repeat("#", size)))
	}
}

// Sections 5.5.2 and 5.5.3: pings and pongs.

func TestPings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 125)
	play(t, []exchange{
		{"empty", to(frameOf(finPing, "")), []want{wantPong("")}},
		{"with text", to(frameOf(finPing, "hello")), []want{wantPong("hello")}},
		{"with any bytes", to(frameOf(finPing, "\x00\xff\xfe\xfd")), []want{wantPong("\x00\xff\xfe\xfd")}},
		{"as long as can be", to(frameOf(finPing, long)), []want{wantPong(long)}},
		{"byte by byte", pieces(frameOf(finPing, long), 1), []want{wantPong(long)}},
		{"too long", to(frameOf(finPing, long+"x")), fails(1002)},
		{"a pong that nobody asked for", to(frameOf(finPong, "x"), frameOf(finPing, "y")), []want{wantPong("y")}},
		{"a pong that is too long", to(frameOf(finPong, long+"x")), fails(1002)},
		{"ten", to(strings.Repeat(frameOf(finPing, "x"), 10)), []want{
			wantPong("x"), wantPong("x"), wantPong("x"), wantPong("x"), wantPong("x"),
			wantPong("x"), wantPong("x"), wantPong("x"), wantPong("x"), wantPong("x"),
		}},
	})
}

// Section 5.5.1 and 7: closing.

func TestCloses(t *testing.T) {
	t.Parallel()
	exchanges := []exchange{
		{"without a code", to(frameOf(finClose, "")), []want{{first: finClose}, wantEnd}},
		{"half a code", to(frameOf(finClose, "x")), fails(1002)},
		{"with a text", to(closing(1000, "enough")), fails(1000)},
		{"with the longest text", to(closing(1000, strings.Repeat("x", 123))), fails(1000)},
		{"with a longer text", to(closing(1000, strings.Repeat("x", 124))), fails(1002)},
		{"with a text that is not UTF-8", to(closing(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80")), fails(1007)},
		{"a message behind it", to(closing(1000, "") + frameOf(finText, "x")), fails(1000)},
		{"a ping behind it", to(closing(1000, "") + frameOf(finPing, "x")), fails(1000)},
		{"a close behind it", to(closing(1000, "") + closing(1001, "")), fails(1000)},
		{"nonsense behind it", to(closing(1000, "") + "\xff\xff\xff\xff"), fails(1000)},
		{"byte by byte", pieces(closing(1000, "bye"), 1), fails(1000)},
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		exchanges = append(exchanges, exchange{fmt.Sprint("code ", code), to(closing(code, "")), fails(code)})
	}
	for _, code := range []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		exchanges = append(exchanges, exchange{fmt.Sprint("code ", code), to(closing(code, "")), fails(1002)})
	}
	play(t, exchanges)
}

func TestAClientThatHangsUpDoesNotDisturbOthers(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{"", frameOf(finText, "x"), frameOf(finText, "hello")[:5], announced(finBinary, 1000), "\x81"} {
		p := dial(t)
		p.send(sent)
		p.nc.Close()
	}
	p := dial(t)
	p.send(frameOf(finText, "still here?"))
	p.wants(wantText("still here?"))
}
