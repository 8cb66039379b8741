//go:build unix

package oro_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// network passes connections on to a server, and can lose them.
type network struct {
	address string

	mu   sync.Mutex
	open []net.Conn
}

func startNetwork(t *testing.T, to string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{address: l.Addr().String()}
	t.Cleanup(func() {
		l.Close()
		n.lose()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // the end of the test
			}
			go n.pass(in, to)
		}
	}()
	return n
}

func (n *network) pass(in net.Conn, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		in.Close()
		return
	}
	n.mu.Lock()
	n.open = append(n.open, in, out)
	n.mu.Unlock()
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[1], way[0]) // until either end has gone
			in.Close()
			out.Close()
		}()
	}
}

// lose ends all connections without a close frame.
func (n *network) lose() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.open {
		c.Close()
	}
	n.open = nil
}
