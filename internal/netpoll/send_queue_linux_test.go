package netpoll_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// blocked writes far more to a socket than it accepts.
func blocked(t *testing.T, loop *netpoll.Loop, secure bool) (server *peer, client net.Conn, fd int) {
	t.Helper()
	server, client = connect(t, loop, secure)
	below := client
	if over, ok := client.(*tls.Conn); ok {
		below = over.NetConn()
	}
	fd = descriptorOf(t, below)
	rest, err := server.socket.Write([][]byte{bytes.Repeat([]byte("x"), 16<<20)}, nil)
	if rest == nil || err != nil {
		t.Fatalf("the socket accepted everything (%v): nothing is tried", err)
	}
	if portable() { // a goroutine writes
		for server.socket.BlockedSince() == 0 || isWritable(t, fd) {
		}
	}
	return server, client, fd
}

func isWritable(t *testing.T, fd int) bool {
	t.Helper()
	state := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		switch _, err := unix.Poll(state, 0); err {
		case nil:
			return state[0].Revents&unix.POLLOUT != 0
		case unix.EINTR:
		default:
			t.Fatal(err)
		}
	}
}

// TestTheKernelHoldsLittleForASilentClient looks at the send queue of a socket whose client reads nothing.
func TestTheKernelHoldsLittleForASilentClient(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client, fd := blocked(t, loop, secure)
		held, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the kernel holds %d bytes", held)
		if held > 256<<10 {
			t.Errorf("the kernel holds %d bytes for a client that reads nothing", held)
		}
		client.Close()
		server.close(netpoll.CloseReset)
	})
}

// TestLittleProgressMakesASocketWritable counts what a slow client has to read until its socket is written to again,
// which begins its time anew.
func TestLittleProgressMakesASocketWritable(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client, fd := blocked(t, loop, secure)
		if portable() { // its goroutine writes at once, and is writable only for a moment
			if limit, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err != nil || limit != 64<<10 {
				t.Errorf("the send queue is bounded by %d, %v", limit, err)
			}
			return
		}
		below := client
		if over, ok := client.(*tls.Conn); ok {
			below = over.NetConn()
		}
		step, read := make([]byte, 16<<10), 0
		for ; !isWritable(t, fd) && read < 8<<20; read += len(step) {
			if len(server.writable) > 0 {
				break
			}
			if _, err := io.ReadFull(below, step); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("it was writable after %d bytes", read)
		if read > 256<<10 {
			t.Errorf("the client had to read %d bytes", read)
		}
		client.Close()
		server.close(netpoll.CloseReset)
	})
}
