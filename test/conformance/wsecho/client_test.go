package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// limit is the size of the largest message that the server under test accepts.
const limit = 1 << 20

var address string

func TestMain(m *testing.M) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, limit) }()
	code := m.Run()
	stop()
	if err := errors.Join(<-ended, goleak.Find()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// First bytes of frames.
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	cont      = 0x0
	text      = 0x1
	binaryOp  = 0x2
	closeOp   = 0x8
	ping      = 0x9
	pong      = 0xa
	finText   = fin | text
	finBinary = fin | binaryOp
	finCont   = fin | cont
	finClose  = fin | closeOp
	finPing   = fin | ping
	finPong   = fin | pong
)

var mask = [4]byte{0xa5, 0x0f, 0x3c, 0x99}

// frame returns a masked frame.
func frameOf(first byte, payload string) string {
	return announced(first, len(payload)) + masked(payload)
}

// announced returns the header of a masked frame.
func announced(first byte, length int) string {
	b := []byte{first}
	switch {
	case length < 126:
		b = append(b, 0x80|byte(length))
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(length))
	}
	return string(append(b, mask[:]...))
}

func masked(payload string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= mask[i%4]
	}
	return string(b)
}

func closing(code uint16, reason string) string {
	return frameOf(finClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// peer is a WebSocket client that shows every frame.
type peer struct {
	t         *testing.T
	nc        net.Conn
	in        *bufio.Reader
	extension string
}

const key = "dGhlIHNhbXBsZSBub25jZQ=="

// shake sends a handshake and returns the answer.
func shake(t *testing.T, request string) (*peer, *http.Response) {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	p := &peer{t: t, nc: nc, in: bufio.NewReader(nc)}
	p.send(request)
	response, err := http.ReadResponse(p.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, response
}

func request(headers ...string) string {
	return "GET / HTTP/1.1\r\nHost: " + address + "\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
}

func upgrade(headers ...string) string {
	return request(append([]string{
		"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13",
	}, headers...)...)
}

func dial(t *testing.T, headers ...string) *peer {
	t.Helper()
	p, response := shake(t, upgrade(headers...))
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("handshake: %s %v", response.Status, response.Header)
	}
	p.extension = response.Header.Get("Sec-WebSocket-Extensions")
	return p
}

func (p *peer) send(bytes ...string) {
	p.t.Helper()
	for _, piece := range bytes {
		if _, err := io.WriteString(p.nc, piece); err != nil {
			p.t.Fatal(err)
		}
	}
}

// receive reads one frame. It fails the test if the frame is masked or not in its shortest form.
func (p *peer) receive() (first byte, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return 0, "", err
	}
	size := map[byte]int{126: 2, 127: 8}[head[1]]
	length := make([]byte, 8)
	if _, err := io.ReadFull(p.in, length[8-size:]); err != nil {
		return 0, "", err
	}
	n := binary.BigEndian.Uint64(length)
	if size == 0 {
		n = uint64(head[1])
	}
	if shortest := announced(0, int(n)); head[1]&0x80 != 0 || len(shortest) != 6+size {
		return 0, "", fmt.Errorf("a frame begins % x", head)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(p.in, b)
	return head[0], string(b), err
}

// want is an expected frame, or the expected end of the connection.
type want struct {
	first   byte
	payload string
	code    uint16 // of a close frame; its text does not matter
	end     bool
}

func wantText(payload string) want   { return want{first: finText, payload: payload} }
func wantBinary(payload string) want { return want{first: finBinary, payload: payload} }
func wantPong(payload string) want   { return want{first: finPong, payload: payload} }
func wantClose(code uint16) want     { return want{first: finClose, code: code} }

var wantEnd = want{end: true}

func (p *peer) wants(all ...want) {
	p.t.Helper()
	for i, w := range all {
		first, payload, err := p.receive()
		switch {
		case w.end:
			if err == nil {
				p.t.Fatalf("answer %d: got %#x %.60q, want the end", i, first, payload)
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				p.t.Fatalf("answer %d: the connection was not closed", i)
			}
			return
		case err != nil:
			p.t.Fatalf("answer %d: %v, want %#x %.60q %d", i, err, w.first, w.payload, w.code)
		case w.code != 0:
			if first != finClose || len(payload) < 2 || binary.BigEndian.Uint16([]byte(payload)) != w.code {
				p.t.Fatalf("answer %d: got %#x %.60q, want a close frame with %d", i, first, payload, w.code)
			}
		case first != w.first || payload != w.payload:
			p.t.Fatalf("answer %d: got %#x %.60q, want %#x %.60q", i, first, payload, w.first, w.payload)
		}
	}
}

// pieces splits bytes into pieces of a size.
func pieces(s string, size int) []string {
	var all []string
	for piece := range slices.Chunk([]byte(s), size) {
		all = append(all, string(piece))
	}
	return all
}
