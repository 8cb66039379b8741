package transport

import (
	"net"
	"sync"
)

// pendingHandshakes are the RawSocket connections whose handshake is not complete. A server that stops closes them and
// does not wait.
type pendingHandshakes struct {
	mu      sync.Mutex // guards what follows
	open    map[net.Conn]struct{}
	stopped bool
}

func (g *pendingHandshakes) add(nc net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		nc.Close()
		return
	}
	if g.open == nil {
		g.open = make(map[net.Conn]struct{})
	}
	g.open[nc] = struct{}{}
}

func (g *pendingHandshakes) remove(nc net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, nc)
}

func (g *pendingHandshakes) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	for nc := range g.open {
		nc.Close()
	}
}
