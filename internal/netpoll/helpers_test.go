package netpoll_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/netpoll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come. It only passes when a test fails.
const patience = time.Minute

// portable reports whether the suite is to use blocking sockets only, as in package transport.
func portable() bool { return os.Getenv("TIDINGS_TEST_SOCKETS") == "portable" }

func newLoop(t testing.TB) *netpoll.Loop {
	born := time.Now()
	loop := netpoll.NewLoop(netpoll.Options{
		Portable:     portable(),
		WriteTimeout: func() time.Duration { return patience },
		Now:          func() int64 { return int64(time.Since(born)) },
		Log:          slog.New(slog.DiscardHandler),
	})
	t.Cleanup(loop.Stop)
	return loop
}

// peer is an EventHandler that keeps what it reads.
type peer struct {
	t        testing.TB
	socket   netpoll.Socket
	echoes   bool
	ended    atomic.Bool // close was called
	read     chan []byte
	writable chan struct{}
	woken    chan struct{}
	called   chan struct{} // Readable has returned
	closed   chan struct{}
}

func newPeer(t testing.TB) *peer {
	return &peer{
		t: t, read: make(chan []byte, 1<<16), writable: make(chan struct{}, 1), woken: make(chan struct{}, 1),
		called: make(chan struct{}, 1<<16), closed: make(chan struct{}),
	}
}

func (p *peer) Readable() netpoll.ReadState {
	defer func() { p.called <- struct{}{} }()
	buffer := make([]byte, 4096)
	for {
		if p.ended.Load() {
			return netpoll.Done
		}
		n, err := p.socket.Read(buffer)
		switch {
		case errors.Is(err, netpoll.ErrWouldBlock):
			return netpoll.Idle
		case err != nil:
			p.socket.Close(netpoll.CloseHard)
			return netpoll.Done
		}
		p.read <- bytes.Clone(buffer[:n])
		if p.echoes {
			p.write(buffer[:n])
		}
	}
}

func (p *peer) Closed()      { close(p.closed) }
func (p *peer) Wrote(int)    {}
func (p *peer) Writable()    { signal(p.writable) }
func (p *peer) WriteWanted() { signal(p.woken) }

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write writes frames, however long that takes.
func (p *peer) write(frames ...[]byte) {
	rest, err := p.socket.Write(frames, make([]byte, 0, 64<<10))
	for err == nil && rest != nil {
		wait(p.t, p.writable, "Writable")
		rest, err = p.socket.Write(rest, make([]byte, 0, 64<<10))
	}
	if err != nil {
		p.t.Errorf("Write: %v", err)
	}
}

// wants waits until the peer has read exactly these bytes.
func (p *peer) wants(text string) {
	p.t.Helper()
	got := ""
	for len(got) < len(text) {
		select {
		case b := <-p.read:
			got += string(b)
		case <-time.After(patience):
			p.t.Fatalf("read %q, want %q", got, text)
		}
	}
	if got != text {
		p.t.Fatalf("read %q, want %q", got, text)
	}
}

// close ends the socket from the server's side.
func (p *peer) close(mode netpoll.CloseMode) {
	p.ended.Store(true)
	p.socket.Close(mode)
	p.socket.Wake()
	wait(p.t, p.closed, "Closed")
}

func wait(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s was not called", what)
	}
}

// connect makes a connection. One end is a socket of the loop, over TLS or not.
func connect(t testing.TB, loop *netpoll.Loop, secure bool) (server *peer, client net.Conn) {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	listener := plain
	if secure {
		listener = tls.NewListener(netpoll.TakeoverListener(plain), serverConfig())
	}
	dialed := make(chan net.Conn, 1)
	go func() {
		nc, err := net.Dial("tcp", plain.Addr().String())
		if err != nil {
			t.Error(err)
			close(dialed)
			return
		}
		if secure {
			over := tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			if err := over.Handshake(); err != nil {
				t.Error(err)
			}
			nc = over
		}
		dialed <- nc
	}()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if over, ok := accepted.(*tls.Conn); ok {
		if err := over.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	client = <-dialed
	if client == nil {
		t.FailNow()
	}
	client.SetDeadline(time.Now().Add(patience))
	server = newPeer(t)
	server.socket = loop.Attach(accepted, server)
	server.write([]byte("hello")) // the first, which may be blocking
	if err := server.socket.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		wait(t, server.closed, "Closed")
	})
	hello := make([]byte, 5)
	if _, err := client.Read(hello); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// serverConfig returns a configuration with the certificate of net/http/httptest.
func serverConfig() *tls.Config {
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	return &tls.Config{Certificates: web.TLS.Certificates}
}
