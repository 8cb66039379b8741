package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"
)

const answered = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// Section 7.1: negotiation.
func TestOffersOfCompression(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"permessage-deflate":                                                         answered,
		"permessage-deflate; client_max_window_bits":                                 answered,
		"permessage-deflate; client_no_context_takeover":                             answered,
		"permessage-deflate; server_no_context_takeover":                             answered,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover": answered,
		"permessage-deflate; server_max_window_bits=15":                              answered + "; server_max_window_bits=15",
		`permessage-deflate; server_max_window_bits="10"`:                            answered + "; server_max_window_bits=10",
		"permessage-deflate; client_max_window_bits=9; server_max_window_bits=12":    answered + "; server_max_window_bits=12",
		"x-webkit-deflate-frame, permessage-deflate":                                 answered,
		"permessage-deflate; server_max_window_bits=7, permessage-deflate":           answered,
		"permessage-deflate; mode=x, permessage-deflate; server_max_window_bits=9":   answered + "; server_max_window_bits=9",
		"permessage-bzip2":                                                           "",
		"permessage-deflate; server_max_window_bits":                                 "", // needs a value
		"permessage-deflate; server_max_window_bits=7":                               "",
		"permessage-deflate; server_max_window_bits=16":                              "",
		"permessage-deflate; server_max_window_bits=08":                              "",
		"permessage-deflate; server_max_window_bits=x":                               "",
		"permessage-deflate; client_max_window_bits=7":                               "",
		"permessage-deflate; client_max_window_bits=16":                              "",
		"permessage-deflate; server_no_context_takeover=1":                           "",
		"permessage-deflate; client_no_context_takeover=x":                           "",
		"permessage-deflate; unknown":                                                "",
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover": "",
		"permessage-deflate; client_max_window_bits; client_max_window_bits=10":      "",
	}
	for bits := 8; bits <= 15; bits++ {
		cases[fmt.Sprintf("permessage-deflate; client_max_window_bits=%d", bits)] = answered
		cases[fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits)] = fmt.Sprintf("%s; server_max_window_bits=%d", answered, bits)
	}
	for offer, want := range cases {
		t.Run(offer, func(t *testing.T) {
			t.Parallel()
			p := dial(t, "Sec-WebSocket-Extensions: "+offer)
			if p.extension != want {
				t.Errorf("answered %q, want %q", p.extension, want)
			}
		})
	}
}

func deflated(t *testing.T, message string, level int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, message)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// finished returns a message compressed with a final block, which some senders use (7.2.3.4).
func finished(t *testing.T, message string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, message)
	w.Close()
	return b.String() + "\x00"
}

// wantsInflated fails the test unless the next message, compressed or not, has that text.
func (p *peer) wantsInflated(opcode byte, message string) {
	p.t.Helper()
	first, payload, err := p.receive()
	if err != nil {
		p.t.Fatal(err)
	}
	if first&rsv1 != 0 {
		inflated, err := io.ReadAll(flate.NewReader(strings.NewReader(payload + "\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
		if err != nil {
			p.t.Fatal(err)
		}
		payload = string(inflated)
	}
	if first&^rsv1 != opcode || payload != message {
		p.t.Fatalf("got %#x %.60q, want %#x %.60q", first, payload, opcode, message)
	}
}

// Section 7.2: messages.
func TestCompressedMessagesComeBack(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"nothing": "", "a letter": "a", "short": "Hello", "umlauts": "äöü κόσμε", "long": strings.Repeat("Hello, world! ", 5000), "as large as can be": strings.Repeat("x", limit-1000),
	}
	for _, bits := range []string{"", "; server_max_window_bits=8", "; server_max_window_bits=9", "; server_max_window_bits=12", "; server_max_window_bits=15"} {
		for name, message := range texts {
			t.Run(name+bits, func(t *testing.T) {
				t.Parallel()
				p := dial(t, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"+bits)
				for _, payload := range []string{deflated(t, message, flate.BestCompression), deflated(t, message, flate.HuffmanOnly), deflated(t, message, flate.NoCompression), finished(t, message)} {
					p.send(frameOf(finText|rsv1, payload))
					p.wantsInflated(finText, message)
					p.send(frameOf(finBinary|rsv1, payload))
					p.wantsInflated(finBinary, message)
					half := len(payload) / 2
					p.send(frameOf(text|rsv1, payload[:half]), frameOf(finPing, "p"), frameOf(cont, ""), frameOf(finCont, payload[half:]))
					p.wants(wantPong("p"))
					p.wantsInflated(finText, message)
				}
				p.send(frameOf(finText, message)) // uncompressed messages are allowed as well
				p.wantsInflated(finText, message)
			})
		}
	}
}

func TestInvalidCompressedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	good := deflated(t, strings.Repeat("Hello", 100), flate.BestSpeed)
	play(t, []exchange{
		{"no deflate", to(frameOf(finText|rsv1, "\xff\xff\xff\xff")), fails(1007)},
		{"cut off", to(frameOf(finText|rsv1, good[:len(good)/2])), fails(1007)},
		{"bytes behind the final block", to(frameOf(finBinary|rsv1, finished(t, "x")+"more")), fails(1007)},
		{"text that is not UTF-8", to(frameOf(finText|rsv1, deflated(t, "\xff", flate.BestSpeed))), fails(1007)},
		{"larger than the limit", to(frameOf(finBinary|rsv1, deflated(t, strings.Repeat("x", limit+1), flate.BestCompression))), fails(1009)},
		{"a bomb", to(frameOf(finBinary|rsv1, deflated(t, strings.Repeat("x", 64*limit), flate.BestCompression))), fails(1009)},
		{"the bit on a continuation", to(frameOf(text|rsv1, good[:5]), frameOf(finCont|rsv1, good[5:])), fails(1002)},
		{"the bit on a ping", to(frameOf(finPing|rsv1, "x")), fails(1002)},
		{"the bit on a close", to(frameOf(finClose|rsv1, "\x03\xe8")), fails(1002)},
		{"other bits", to(frameOf(finText|rsv1|rsv2, good)), fails(1002)},
	}, "Sec-WebSocket-Extensions: permessage-deflate")
	play(t, []exchange{
		{"that nobody agreed on", to(frameOf(finText|rsv1, good)), fails(1002)},
	})
}
