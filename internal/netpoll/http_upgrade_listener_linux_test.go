package netpoll_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// upgrades is a handler that takes connections over and echoes.
type upgrades struct {
	t    testing.TB
	loop *netpoll.Loop
}

// ServeHTTP implements [http.Handler].
func (u upgrades) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p := newPeer(u.t)
	p.echoes = true
	socket, early, err := u.loop.Hijack(w, p)
	if err != nil || len(early) > 0 {
		u.t.Errorf("Hijack: %q, %v", early, err)
		return
	}
	p.socket = socket
	p.write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"))
	if err := socket.Start(); err != nil {
		u.t.Error(err)
	}
}

const upgradeRequest = "GET /ws HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"

// serve serves upgrades at /ws, and 404 at every other path.
func serve(t testing.TB, web *httptest.Server) {
	loop := newLoop(t)
	handler := upgrades{t, loop}
	web.Listener = netpoll.ListenUpgrades(web.Listener, []*netpoll.Loop{loop}, netpoll.Upgrades{
		Path: "/ws", Accepts: func(*http.Request) bool { return true }, Handler: handler,
	})
	mux := http.NewServeMux()
	mux.Handle("/ws", handler)
	web.Config.Handler = mux
	web.Start()
	t.Cleanup(web.Close)
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// echoes reads the response to a request for an upgrade, and sends a text that must come back.
func echoes(t testing.TB, nc net.Conn) {
	t.Helper()
	br := bufio.NewReader(nc)
	response, err := http.ReadResponse(br, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgraded with %v, %v", response, err)
	}
	fmt.Fprint(nc, "to and fro")
	text := make([]byte, 10)
	if _, err := io.ReadFull(br, text); err != nil || string(text) != "to and fro" {
		t.Fatalf("echoed %q, %v", text, err)
	}
}

// TestTheReserveDescriptorServesEveryConnection is not parallel, because it takes the process's descriptors.
func TestTheReserveDescriptorServesEveryConnection(t *testing.T) {
	if portable() {
		t.Skip("runs without TIDINGS_TEST_SOCKETS=portable: there net/http accepts all connections")
	}
	web := httptest.NewUnstartedServer(nil)
	serve(t, web)
	addr := netip.MustParseAddrPort(web.Listener.Addr().String())
	answer := make([]byte, 4096)
	ask := func(fd int) {
		wait := unix.NsecToTimeval(int64(patience))
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
			t.Error(err)
			return
		}
		unix.Write(fd, []byte("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
		n, err := unix.Read(fd, answer)
		for errors.Is(err, unix.EINTR) {
			n, err = unix.Read(fd, answer)
		}
		if err != nil || !bytes.HasPrefix(answer[:max(n, 0)], []byte("HTTP/1.1 404")) {
			t.Errorf("answered %q, %v", answer[:max(n, 0)], err)
		}
		unix.Close(fd)
	}
	var clients []int
	for range 6 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, fd)
	}
	ask(clients[0]) // now everything exists that is made once
	up := dial(t, addr.String())
	io.WriteString(up, upgradeRequest)
	echoes(t, up)
	defer takeDescriptors(t, 1)()
	for _, fd := range clients[1:] {
		ask(fd)
	}
}

// takeDescriptors leaves the process only a few descriptors, until giveBack is called.
func takeDescriptors(t *testing.T, left int) (giveBack func()) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a number that is about the highest
	if err != nil {
		t.Fatal(err)
	}
	highest := 0
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { highest = int(fd) })
	listener.Close()
	few := before
	few.Cur = uint64(highest + 20)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var taken []int
	for {
		fd, err := unix.Open("/dev/null", unix.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	for range left {
		unix.Close(taken[len(taken)-1])
		taken = taken[:len(taken)-1]
	}
	return func() {
		for _, fd := range taken {
			unix.Close(fd)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryAcceptedConnectionHasNoDelay connects before and after the listener is made. Connections that wait in the
// accept queue when a server starts must have TCP_NODELAY, too.
func TestEveryAcceptedConnectionHasNoDelay(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(nil)
	before := dial(t, web.Listener.Addr().String())
	io.WriteString(before, upgradeRequest)
	serve(t, web)
	after := dial(t, web.Listener.Addr().String())
	io.WriteString(after, upgradeRequest)
	for name, nc := range map[string]net.Conn{"before": before, "after": after} {
		echoes(t, nc)
		if !hasNoDelay(t, descriptorOf(t, nc)) {
			t.Errorf("%s: bytes wait until earlier bytes are acknowledged", name)
		}
	}
}

// descriptorOf finds the server's end of a connection.
func descriptorOf(t *testing.T, client net.Conn) (fd int) {
	t.Helper()
	port := client.LocalAddr().(*net.TCPAddr).Port
	for fd := range 4096 {
		peer, err := unix.Getpeername(fd)
		if address, ok := peer.(*unix.SockaddrInet4); err == nil && ok && address.Port == port {
			return fd
		}
	}
	t.Fatal("the server has no end of the connection")
	return -1
}

func hasNoDelay(t *testing.T, fd int) bool {
	t.Helper()
	set, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
	if err != nil {
		t.Error(err)
	}
	return set != 0
}
