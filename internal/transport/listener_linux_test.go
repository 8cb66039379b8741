package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/internal/transport"
)

// TestTheReserveDescriptorServesEveryConnection runs alone, because it takes the process's descriptors.
func TestTheReserveDescriptorServesEveryConnection(t *testing.T) {
	s := serve(t, transport.Options{})
	addr := netip.MustParseAddrPort(s.addr)
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
	ask(clients[0]) // whatever is made once is made then
	up := s.dial(t)
	up.send(masked(fin|opText, "running"))
	up.wants(fin|opText, "running")
	defer takeDescriptors(t, 1)()
	for _, fd := range clients[1:] {
		ask(fd)
	}
}

// takeDescriptors leaves the process only a few, until giveBack is called.
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

// TestEveryAcceptedConnectionHasNoDelay has clients come before and after an entrance is made: those who
// wait in line when a server starts must not have what is sent to them held back for as long as they live.
func TestEveryAcceptedConnectionHasNoDelay(t *testing.T) {
	server, err := transport.New(transport.Options{Handler: newEcho()})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	before := dialRaw(t, web.Listener.Addr().String())
	io.WriteString(before, upgradeRequest("/ws"))
	web.Listener = server.UpgradeListener(web.Listener, "/ws", isOurs)
	web.Start()
	stop := runServer(t, server)
	after := dialRaw(t, web.Listener.Addr().String())
	defer func() {
		before.Close()
		after.Close()
		web.Close()
		stop()
	}()
	io.WriteString(after, upgradeRequest("/ws"))
	for name, nc := range map[string]net.Conn{"before": before, "after": after} {
		client := upgraded(t, nc, "") // it has asked already
		client.send(masked(fin|opText, "in"))
		client.wants(fin|opText, "in")
		if at := descriptorOf(t, nc); !isUndelayed(t, at) {
			t.Errorf("%s: what is sent waits until what was sent is acknowledged", name)
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

func isUndelayed(t *testing.T, fd int) bool {
	t.Helper()
	set, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
	if err != nil {
		t.Error(err)
	}
	return set != 0
}
