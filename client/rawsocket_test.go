package client_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
)

func TestARawSocketThatCannotBeOpenedSaysWhy(t *testing.T) {
	for answer, says := range map[string]string{
		"\x7f\x10\x00\x00":  "does not speak this serialization",
		"\x7f\x20\x00\x00":  "does not accept the length",
		"\x7f\x30\x00\x00":  "no reserved bits",
		"\x7f\x40\x00\x00":  "no room",
		"\x7f\x90\x00\x00":  "error 9",
		"\x7f\xf2\x00\x00":  "another serialization",
		"HTTP/1.1 400 Bad ": "something else",
		"":                  "EOF",
	} {
		dial := func(_ context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" || address != "example.com:8081" {
				t.Errorf("dialed %s %s", network, address)
			}
			ours, theirs := net.Pipe()
			go func() {
				defer ours.Close()
				var hello [4]byte
				if _, err := io.ReadFull(ours, hello[:]); err != nil || string(hello[:]) != "\x7f\xf1\x00\x00" {
					t.Errorf("got % x, %v", hello, err)
				}
				ours.Write([]byte(answer))
			}()
			return theirs, nil
		}
		_, err := client.Connect(t.Context(), client.Config{URL: "rs://example.com:8081", Dial: dial, Reconnect: client.Reconnect{Off: true}})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", answer, err, says)
		}
	}
}

func TestAddressesOfRawSocketsAreChecked(t *testing.T) {
	for _, url := range []string{"rs://example.com", "rss://", "rs+unix://", "rs+tcp://example.com:1"} {
		if c, err := client.Connect(t.Context(), client.Config{URL: url}); err == nil {
			c.Close()
			t.Errorf("%s was accepted", url)
		}
	}
}
