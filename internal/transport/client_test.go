package transport_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/transport"
)

// patience is how long a test waits for what must come. It only passes when a test fails.
const patience = time.Minute

// served is a transport with its HTTP server.
type served struct {
	*transport.Server
	echo *echo
	addr string
	stop func() // ends Run and waits; also done at the end of the test
}

// serve runs a transport on loopback.
func serve(t *testing.T, options transport.Options) *served {
	t.Helper()
	s := &served{}
	if options.Router == nil {
		if options.Handler == nil {
			options.Handler = newEcho()
		}
		s.echo, _ = options.Handler.(*echo)
	}
	server, err := newServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = server
	mux := http.NewServeMux()
	mux.Handle("/ws", server)
	web := httptest.NewUnstartedServer(mux)
	transport.SetTimeouts(web.Config)
	web.Listener = server.UpgradeListener(web.Listener, "/ws", isOurs)
	web.Start()
	s.addr = web.Listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(web.Close)
	t.Cleanup(s.stop)
	return s
}

const testKey = "dGhlIHNhbXBsZSBub25jZQ=="

// upgradeRequest is a request as bytes. Headers are "Name: value"; one that is given replaces the
// default of its name, and "Name:" leaves it out.
func upgradeRequest(target string, headers ...string) string {
	lines := []string{
		"Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: " + testKey, "Sec-WebSocket-Version: 13",
	}
	seen := make(map[string]bool)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		if !seen[name] {
			seen[name] = true
			for i := range lines {
				if strings.HasPrefix(lines[i], name+":") {
					lines[i] = ""
				}
			}
		}
		if value != "" {
			lines = append(lines, header)
		}
	}
	request := "GET " + target + " HTTP/1.1\r\n"
	for _, line := range lines {
		if line != "" {
			request += line + "\r\n"
		}
	}
	return request + "\r\n"
}

// client is the other end of a WebSocket, by hand: nothing that it sends or gets is hidden.
type client struct {
	t  testing.TB
	nc net.Conn
	br *bufio.Reader
	// of the 101
	protocol  string
	extension string

	inflates bool // compressed messages are given as if they were not
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

func (s *served) dial(t testing.TB, headers ...string) *client {
	t.Helper()
	return upgraded(t, dialRaw(t, s.addr), upgradeRequest("/ws", headers...))
}

// upgraded does the handshake over a connection.
func upgraded(t testing.TB, nc net.Conn, request string) *client {
	t.Helper()
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, nc: nc, br: bufio.NewReader(nc)}
	response, err := http.ReadResponse(c.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("handshake: %s %s", response.Status, body)
	}
	sum := sha1.Sum([]byte(testKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got, want := response.Header.Get("Sec-WebSocket-Accept"), base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Fatalf("Sec-WebSocket-Accept is %q, want %q", got, want)
	}
	c.protocol = response.Header.Get("Sec-WebSocket-Protocol")
	c.extension = response.Header.Get("Sec-WebSocket-Extensions")
	return c
}

// refused sends a request and gives the answer, which must be a problem document.
func (s *served) refused(t *testing.T, request string) (*http.Response, string) {
	t.Helper()
	nc := dialRaw(t, s.addr)
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	return response, string(body)
}

// Bits and opcodes of the first byte of a frame.
const (
	fin  = 0x80
	rsv1 = 0x40

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// masked makes a masked frame.
func masked(first byte, payload string) []byte {
	return maskedBy(first, []byte(payload), [4]byte{0x12, 0x34, 0x56, 0x78})
}

func maskedBy(first byte, payload []byte, mask [4]byte) []byte {
	b := header(first, len(payload), 0x80)
	b = append(b, mask[:]...)
	for i, p := range payload {
		b = append(b, p^mask[i%4])
	}
	return b
}

// header makes the header of a frame up to its mask.
func header(first byte, length int, maskBit byte) []byte {
	switch {
	case length < 126:
		return []byte{first, maskBit | byte(length)}
	case length < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, maskBit | 126}, uint16(length))
	}
	return binary.BigEndian.AppendUint64([]byte{first, maskBit | 127}, uint64(length))
}

func closePayload(code uint16, text string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + text
}

func (c *client) send(frames ...[]byte) {
	c.t.Helper()
	if _, err := c.nc.Write(bytes.Join(frames, nil)); err != nil {
		c.t.Fatal(err)
	}
}

// got is a frame from the server.
type got struct {
	first   byte
	payload string
}

func (g got) String() string { return fmt.Sprintf("%#x %.60q", g.first, g.payload) }

// receive reads one frame, which must be as a server's have to be.
func (c *client) receive() got {
	c.t.Helper()
	g, err := c.tryReceive()
	if err != nil {
		c.t.Fatalf("a frame was expected: %v", err)
	}
	if c.inflates && g.first&rsv1 != 0 {
		return got{g.first &^ rsv1, inflated(c.t, g.payload)}
	}
	return g
}

func (c *client) tryReceive() (got, error) {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return got{}, err
	}
	if head[1]&0x80 != 0 {
		return got{}, fmt.Errorf("a server's frame is masked")
	}
	length := uint64(head[1])
	switch head[1] {
	case 126:
		var b [2]byte
		io.ReadFull(c.br, b[:])
		length = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		io.ReadFull(c.br, b[:])
		length = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(c.br, payload)
	return got{head[0], string(payload)}, err
}

func (c *client) wants(first byte, payload string) {
	c.t.Helper()
	if g, want := c.receive(), (got{first, payload}); g != want {
		c.t.Fatalf("got %v, want %v", g, want)
	}
}

// wantsClose reads a close frame with the code, and gives its text.
func (c *client) wantsClose(code uint16) string {
	c.t.Helper()
	g := c.receive()
	if g.first != fin|opClose || len(g.payload) < 2 || binary.BigEndian.Uint16([]byte(g.payload)) != code {
		c.t.Fatalf("got %v, want a close frame with %d", g, code)
	}
	return g.payload[2:]
}

// wantsEnd reads to the end of the connection, which must come without another frame.
func (c *client) wantsEnd() {
	c.t.Helper()
	g, err := c.tryReceive()
	switch {
	case err == nil:
		c.t.Fatalf("got %v, want the end of the connection", g)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.t.Fatal("the connection was not closed")
	}
}

// deflated compresses as a client does.
func deflated(message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	io.WriteString(w, message)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

func inflated(t testing.TB, message string) string {
	t.Helper()
	r := flate.NewReader(strings.NewReader(message + "\x00\x00\xff\xff\x01\x00\x00\xff\xff"))
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// goneWith waits until a conversation was told that it is gone.
func (e *echo) goneWith(t testing.TB) string {
	t.Helper()
	select {
	case reason := <-e.gone:
		return reason.String()
	case <-time.After(patience):
		t.Fatal("no conversation was told that it is gone")
		return ""
	}
}

// listen serves a handler on loopback, for tests that run the transport themselves.
func listen(t testing.TB, handler http.Handler) (addr string) {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}
