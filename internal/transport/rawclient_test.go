package transport_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/transport"
)

// rawClient is the other end of a RawSocket, by hand.
type rawClient struct {
	t  testing.TB
	nc net.Conn
}

// listenRaw makes a transport accept RawSockets, on TCP and on a Unix socket.
func (s *served) listenRaw(t *testing.T, options transport.RawSocketOptions) (tcp, unix net.Addr) {
	t.Helper()
	addrs := make([]net.Addr, 0, 2)
	for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", filepath.Join(t.TempDir(), "s")}} {
		listener, err := net.Listen(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, listener.Addr())
		ended := make(chan error, 1)
		go func() { ended <- s.ServeRawSocket(listener, options) }()
		t.Cleanup(func() {
			listener.Close()
			if err := <-ended; err != nil {
				t.Errorf("ServeRawSocket: %v", err)
			}
		})
	}
	return addrs[0], addrs[1]
}

func dialStream(t testing.TB, addr net.Addr) *rawClient {
	t.Helper()
	nc, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return &rawClient{t, nc}
}

// openRaw dials and does the handshake. second is the byte of length and serialization.
func openRaw(t testing.TB, addr net.Addr, second byte) *rawClient {
	t.Helper()
	c := dialStream(t, addr)
	c.write([]byte{0x7f, second, 0, 0})
	answer := c.read(4)
	if answer[0] != 0x7f || answer[1]&0x0f != second&0x0f || answer[2] != 0 || answer[3] != 0 {
		t.Fatalf("the handshake was answered % x", answer)
	}
	return c
}

func (c *rawClient) write(b ...[]byte) {
	c.t.Helper()
	if _, err := c.nc.Write(bytes.Join(b, nil)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawClient) read(n int) []byte {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.nc, b); err != nil {
		c.t.Fatalf("%d bytes were expected: %v", n, err)
	}
	return b
}

func rawFrame(kind byte, payload string) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(len(payload)))
	return append(head, payload...)
}

func (c *rawClient) receive() (kind byte, payload string) {
	c.t.Helper()
	head := c.read(4)
	length := int(binary.BigEndian.Uint32(head) & 0xffffff)
	if head[0]&8 != 0 {
		length = 1 << 24
	}
	return head[0] &^ 8, string(c.read(length))
}

func (c *rawClient) wants(kind byte, payload string) {
	c.t.Helper()
	if k, p := c.receive(); k != kind || p != payload {
		c.t.Fatalf("got %d %.60q, want %d %.60q", k, p, kind, payload)
	}
}

func (c *rawClient) wantsMatch(pattern string) {
	c.t.Helper()
	if k, p := c.receive(); k != 0 || !regexp.MustCompile(pattern).MatchString(p) {
		c.t.Fatalf("got %d %q, want %s", k, p, pattern)
	}
}

// wantsEnd reads to the end of the connection, which must come without another byte.
func (c *rawClient) wantsEnd() {
	c.t.Helper()
	b, err := io.ReadAll(c.nc)
	switch {
	case len(b) > 0:
		c.t.Fatalf("got % .20x, want the end of the connection", b)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.t.Fatal("the connection was not closed")
	}
}
