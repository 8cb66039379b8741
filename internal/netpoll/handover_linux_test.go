package netpoll_test

import (
	"net"
	"testing"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// sharing opens a listener of an address that others may share.
func sharing(t *testing.T, address string) net.Listener {
	t.Helper()
	lc := net.ListenConfig{Control: netpoll.ReusePort}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestSteeredConnectionsGoToTheNewerSocket(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		old := sharing(t, address)
		for range 3 {
			next := sharing(t, old.Addr().String())
			if err := netpoll.Steer(old); err != nil {
				t.Fatal(err)
			}
			const dials = 100
			for range dials {
				c, err := net.Dial("tcp", old.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
			}
			if a, b := netpoll.Queued(old), netpoll.Queued(next); a != 0 || b != dials {
				t.Errorf("%s: %d connections wait at the old socket, %d at the new one", address, a, b)
			}
			for range dials {
				c, err := next.Accept()
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			old.Close()
			old = next
		}
		old.Close()
	}
}
