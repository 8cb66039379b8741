package netpoll_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// newBatch returns a batch, or skips the test if the system has no io_uring to use.
func newBatch(t *testing.T, loop *netpoll.Loop) *netpoll.Batch {
	t.Helper()
	if portable() {
		t.Skip("runs without TIDINGS_TEST_SOCKETS=portable: blocking sockets have no batches")
	}
	batch, err := netpoll.NewBatch(loop)
	if err != nil {
		t.Skipf("runs where the kernel and the container allow io_uring; here is no io_uring: %v", err)
	}
	t.Cleanup(batch.Close)
	return batch
}

func TestABatchIsOneSystemCall(t *testing.T) {
	t.Parallel()
	loop := newLoop(t)
	batch := newBatch(t, loop)
	const count = 10
	var servers []*peer
	var clients []net.Conn
	for range count {
		server, client := connect(t, loop, false)
		servers, clients = append(servers, server), append(clients, client)
	}
	_, before := loop.SystemCalls()
	for i, server := range servers {
		if !batch.Add(server.socket, [][]byte{[]byte("to "), fmt.Append(nil, i)}) {
			t.Fatal("a socket was refused")
		}
	}
	done := 0
	batch.Flush(func(i int, rest [][]byte, err error) {
		if i != done || rest != nil || err != nil {
			t.Errorf("socket %d: %q, %v, want socket %d", i, rest, err, done)
		}
		done++
	})
	if _, after := loop.SystemCalls(); after-before != 1 || done != count {
		t.Errorf("%d system calls for %d sockets", after-before, done)
	}
	for i, client := range clients {
		want := fmt.Sprint("to ", i)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(client, got); err != nil || string(got) != want {
			t.Errorf("socket %d got %q, %v", i, got, err)
		}
	}
}

func TestABatchRefusesSocketsThatNeedAWriteOfTheirOwn(t *testing.T) {
	t.Parallel()
	loop := newLoop(t)
	batch := newBatch(t, loop)
	server, _ := connect(t, loop, false)
	secure, _ := connect(t, loop, true)
	large := bytes.Repeat([]byte("x"), 64<<10)
	for name, refused := range map[string]bool{
		"TLS":                   batch.Add(secure.socket, [][]byte{[]byte("x")}),
		"nothing":               batch.Add(server.socket, nil),
		"a frame too large":     batch.Add(server.socket, [][]byte{append(large, 'x')}),
		"frames, too large":     batch.Add(server.socket, [][]byte{large, []byte("x")}),
		"a batch there is none": (*netpoll.Batch)(nil).Add(server.socket, [][]byte{[]byte("x")}),
	} {
		if refused {
			t.Errorf("%s: was added", name)
		}
	}
	batch.Flush(func(int, [][]byte, error) { t.Error("something was written") })
}

// TestABatchLeavesTheRestOfASlowSocket fills one of two sockets: its bytes come later, in order, and the other gets its
// bytes at once.
func TestABatchLeavesTheRestOfASlowSocket(t *testing.T) {
	t.Parallel()
	loop := newLoop(t)
	batch := newBatch(t, loop)
	slow, slowClient := connect(t, loop, false)
	quick, quickClient := connect(t, loop, false)
	var sent bytes.Buffer
	var rest [][]byte
	for round := 0; rest == nil; round++ {
		text := strings.Repeat(fmt.Sprint(round, "."), 8000)
		sent.WriteString(text)
		batch.Add(slow.socket, [][]byte{[]byte(text)})
		batch.Add(quick.socket, [][]byte{[]byte("quick")})
		batch.Flush(func(i int, left [][]byte, err error) {
			if err != nil || i == 1 && left != nil {
				t.Errorf("socket %d: %v", i, err)
			}
			if i == 0 {
				rest = left
			}
		})
		if _, err := io.ReadFull(quickClient, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if slow.socket.BlockedSince() == 0 {
		t.Error("the slow socket is not blocked")
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		got := make([]byte, sent.Len())
		if _, err := io.ReadFull(slowClient, got); err != nil || !bytes.Equal(got, sent.Bytes()) {
			t.Errorf("the slow client got other bytes, %v", err)
		}
	})
	slow.write(rest...)
	reading.Wait()
}

// TestSocketsThatCloseDuringABatchAreReported closes sockets while batches lock them: no batch waits for a closing
// socket, and no close for another socket.
func TestSocketsThatCloseDuringABatchAreReported(t *testing.T) {
	t.Parallel()
	loop := newLoop(t)
	batch := newBatch(t, loop)
	for range 20 {
		var servers []*peer
		for range 20 {
			server, _ := connect(t, loop, false)
			servers = append(servers, server)
		}
		var closing sync.WaitGroup
		for i, server := range servers {
			if i%2 == 0 {
				closing.Go(func() { server.close(netpoll.CloseHard) })
			}
		}
		for range 10 {
			for _, server := range servers {
				batch.Add(server.socket, [][]byte{[]byte("to all")})
			}
			batch.Flush(func(i int, rest [][]byte, err error) {
				if (err != nil || rest != nil) && i%2 == 1 {
					t.Errorf("socket %d: %v", i, err)
				}
			})
		}
		closing.Wait()
		batch.Add(servers[0].socket, [][]byte{[]byte("too late")})
		batch.Add(servers[1].socket, [][]byte{[]byte("and the other")})
		batch.Flush(func(i int, _ [][]byte, err error) {
			closed := errors.Is(err, net.ErrClosed) || errors.Is(err, unix.EPIPE) // EPIPE: shut down, not released yet
			if i == 0 != closed {
				t.Errorf("socket %d: %v", i, err)
			}
		})
	}
}
