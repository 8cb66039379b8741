package server_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// rawPeer is a RawSocket by hand, with JSON.
type rawPeer struct {
	t  *testing.T
	nc net.Conn
}

func openRaw(t *testing.T, addr net.Addr) *rawPeer {
	t.Helper()
	nc, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	p := &rawPeer{t, nc}
	nc.Write([]byte{0x7f, 0xf1, 0, 0})
	if answer := p.read(4); answer[0] != 0x7f || answer[1]&15 != 1 {
		t.Fatalf("answered % x", answer)
	}
	return p
}

func (p *rawPeer) read(n int) []byte {
	p.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p.nc, b); err != nil {
		p.t.Fatal(err)
	}
	return b
}

// says sends a message and expects one that begins with the answer.
func (p *rawPeer) says(message, answer string) string {
	p.t.Helper()
	p.nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
	got := string(p.read(int(binary.BigEndian.Uint32(p.read(4)))))
	if !strings.HasPrefix(got, answer) {
		p.t.Fatalf("%s was answered %s", message, got)
	}
	return got
}

func TestABackendConnectsByRawSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	r := start(t, basic+"rawsocket:\n  - listen: tcp://127.0.0.1:0\n  - listen: unix://"+socket+"\n")
	addrs := r.server.RawSocketAddrs()
	if len(addrs) != 2 {
		t.Fatalf("%d listeners", len(addrs))
	}
	for _, addr := range addrs {
		backend := openRaw(t, addr)
		backend.says(`[1,"app",{"roles":{"publisher":{}},"authmethods":["ticket"]}]`, `[4,"ticket"`)
		if welcome := backend.says(`[5,"`+allKey+`",{}]`, `[2,`); !strings.Contains(welcome, `"authrole":"backend"`) {
			t.Error(welcome)
		}
		stranger := openRaw(t, addr)
		stranger.says(`[1,"app",{"roles":{"publisher":{}},"authmethods":["ticket"]}]`, `[4,"ticket"`)
		stranger.says(`[5,"wrong",{}]`, `[3,`)
	}
	if _, err := r.tryJoin(client.Config{Auth: client.Key(allKey)}); err != nil {
		t.Error(err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestASocketFileOfACrashedServerIsReplaced(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	r := start(t, basic+"rawsocket:\n  - listen: unix://"+socket+"\n")
	openRaw(t, r.server.RawSocketAddrs()[0])
}

func TestATLSListenerNeedsACertificate(t *testing.T) {
	parsed, err := config.Parse("test.yaml", []byte(basic+"rawsocket:\n  - listen: tls://127.0.0.1:0\n"), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.New(parsed, server.Options{})
	if err == nil || !strings.Contains(err.Error(), "needs a certificate") {
		t.Error(err)
	}
}
