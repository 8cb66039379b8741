package netpoll_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// both runs a test without TLS and over it.
func both(t *testing.T, test func(t *testing.T, loop *netpoll.Loop, secure bool)) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%t", secure), func(t *testing.T) {
			t.Parallel()
			test(t, newLoop(t), secure)
		})
	}
}

func TestASocketReadsWhatArrives(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client := connect(t, loop, secure)
		for i := range 100 { // one after another, and several at once
			fmt.Fprintf(client, "message %d.", i)
			if i%3 == 0 {
				fmt.Fprint(client, "another.")
				server.wants(fmt.Sprintf("message %d.another.", i))
				continue
			}
			server.wants(fmt.Sprintf("message %d.", i))
		}
		client.Close()
		wait(t, server.closed, "Closed")
	})
}

// TestAWriteNeverBlocks writes far more than a socket accepts before the client reads.
func TestAWriteNeverBlocks(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client := connect(t, loop, secure)
		var sent bytes.Buffer
		frames := make([][]byte, 0, 300)
		for i := range cap(frames) {
			frames = append(frames, bytes.Repeat([]byte{byte(i)}, 1000+i*400))
			sent.Write(frames[i])
		}
		rest, err := server.socket.Write(frames, make([]byte, 0, 64<<10))
		if rest == nil || err != nil {
			t.Fatalf("the socket accepted everything (%v): nothing is tried", err)
		}
		if server.socket.BlockedSince() == 0 && !portable() { // there a goroutine is about to write
			t.Error("the socket is not blocked")
		}
		received := make(chan []byte)
		go func() {
			all := make([]byte, sent.Len())
			if _, err := io.ReadFull(client, all); err != nil {
				t.Error(err)
			}
			received <- all
		}()
		for err == nil && rest != nil {
			wait(t, server.writable, "Writable")
			rest, err = server.socket.Write(rest, make([]byte, 0, 64<<10))
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(<-received, sent.Bytes()) {
			t.Error("the bytes arrived in another order")
		}
		if server.socket.BlockedSince() != 0 {
			t.Error("the socket is blocked although everything is written")
		}
		server.write([]byte("and on"))
		if _, err := io.ReadFull(client, make([]byte, 6)); err != nil {
			t.Error(err)
		}
	})
}

func TestWakeCallsReadable(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, _ := connect(t, loop, secure)
		for range 3 {
			for len(server.called) > 0 {
				<-server.called
			}
			server.socket.Wake()
			wait(t, server.called, "Readable")
		}
	})
}

func TestAClosedSocketIsReportedAndReleased(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client := connect(t, loop, secure)
		server.close(netpoll.CloseGraceful)
		if n, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the client read %d bytes, %v", n, err)
		}
		if rest, err := server.socket.Write([][]byte{[]byte("too late")}, nil); err == nil && rest == nil {
			t.Error("a closed socket was written to")
		}
		server, client = connect(t, loop, secure)
		server.socket.Write([][]byte{bytes.Repeat([]byte("x"), 32<<20)}, nil)
		server.close(netpoll.CloseReset)
		if over, ok := client.(*tls.Conn); ok {
			client = over.NetConn()
		}
		if _, err := io.Copy(io.Discard, client); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the client got all that a reset should drop: %v", err)
		}
	})
}

func TestTheEndOfTheClientsDirectionIsRead(t *testing.T) {
	both(t, func(t *testing.T, loop *netpoll.Loop, secure bool) {
		server, client := connect(t, loop, secure)
		server.socket.CloseWrite()
		if n, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the client read %d bytes, %v", n, err)
		}
		fmt.Fprint(client, "the last")
		client.(interface{ CloseWrite() error }).CloseWrite()
		server.wants("the last")
		wait(t, server.closed, "Closed")
	})
}
