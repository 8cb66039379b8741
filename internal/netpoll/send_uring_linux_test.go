package netpoll

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pairs makes connected sockets that do not wait: ours and theirs.
func pairs(t *testing.T, count int) (ours, theirs []int) {
	for range count {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
		ours, theirs = append(ours, pair[0]), append(theirs, pair[1])
	}
	return ours, theirs
}

func ringOf(t *testing.T, size uint32) *sendRing {
	t.Helper()
	r, err := newSendRing(size)
	if err != nil {
		t.Skipf("runs where the kernel and the container allow io_uring; here is no io_uring: %v", err)
	}
	t.Cleanup(r.close)
	return r
}

func TestARingWritesToEach(t *testing.T) {
	const size, rounds = 4, 50 // its queues come round several times
	r := ringOf(t, size)
	ours, theirs := pairs(t, size)
	buffer := make([]byte, 100)
	for round := range rounds {
		count := round%size + 1
		var sent [size][]byte
		for i := range count {
			sent[i] = fmt.Appendf(nil, "round %d to %d", round, i)
			r.add(ours[i], sent[i])
		}
		if err := r.submit(); err != nil {
			t.Fatal(err)
		}
		for i := range count {
			n, err := unix.Read(theirs[i], buffer)
			if err != nil || int(r.results[i]) != len(sent[i]) || !bytes.Equal(buffer[:n], sent[i]) {
				t.Fatalf("round %d: result %d, got %q (%v), want %q", round, r.results[i], buffer[:max(n, 0)], err, sent[i])
			}
		}
	}
}

func TestARingSaysWhatBecameOfEach(t *testing.T) {
	r := ringOf(t, 8)
	ours, theirs := pairs(t, 3)
	unix.Close(theirs[1])
	large := make([]byte, 16<<20)
	r.add(ours[0], []byte("well"))
	r.add(ours[1], []byte("its other end is closed"))
	r.add(-1, []byte("it is freed"))
	r.add(ours[2], large)
	if err := r.submit(); err != nil {
		t.Fatal(err)
	}
	got := r.results
	if got[0] != 4 || got[1] != -int32(unix.EPIPE) || got[2] != -int32(unix.EBADF) || got[3] <= 0 || int(got[3]) >= len(large) {
		t.Fatalf("results %d", got[:4])
	}
	r.add(ours[2], large[got[3]:])
	if err := r.submit(); err != nil {
		t.Fatal(err)
	}
	if got[0] != -int32(unix.EAGAIN) {
		t.Errorf("a full socket gave %d", got[0])
	}
}

func TestABrokenRingReportsThatNothingWasSent(t *testing.T) {
	r, err := newSendRing(8)
	if err != nil {
		t.Skipf("runs where the kernel and the container allow io_uring; here is no io_uring: %v", err)
	}
	unix.Close(r.fd)
	r.fd = -1
	r.add(0, []byte("never begun"))
	if err := r.submit(); err == nil || r.results[0] != -int32(unix.EAGAIN) {
		t.Errorf("a broken ring gave %d, %v", r.results[0], err)
	}
}

// TestASendToAFullSocketReturnsAtOnce holds what submit relies on: the kernel answers EAGAIN and does not wait for
// room. Otherwise submit would wait for ever, with its processor. The descriptors are blocking, so that only
// MSG_DONTWAIT is tested.
func TestASendToAFullSocketReturnsAtOnce(t *testing.T) {
	r := ringOf(t, 4)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	for name, fd := range map[string]int{"unix": pair[0], "tcp": dialed(t)} {
		watchdog := time.AfterFunc(20*time.Second, func() { panic(name + ": the kernel waits for room in a socket") })
		result, piece := int32(0), make([]byte, 1<<20)
		for result >= 0 {
			r.add(fd, piece)
			if err := r.submit(); err != nil {
				t.Fatal(err)
			}
			result = r.results[0]
		}
		watchdog.Stop()
		if result != -int32(unix.EAGAIN) {
			t.Errorf("%s: a full socket gave %d", name, result)
		}
	}
}

// dialed returns a blocking descriptor of a TCP connection that no program reads.
func dialed(t *testing.T) (fd int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	file, err := nc.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(); nc.Close(); listener.Close() })
	fd = int(file.Fd()) // makes it blocking
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return fd
}
