//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// proxy stands between clients and the server, for both transports, and plays a bad network.
type proxy struct {
	dial      dialFunc
	listeners map[string]net.Listener // by transport
	ctx       context.Context         //nolint:containedctx // of the connections to the server, which end with it
	running   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	weather weather
	changed chan struct{} // closed when the weather changes
	pairs   map[*pair]struct{}
	closed  bool
}

// weather is the state of the network.
type weather struct {
	silent bool          // half open: connections are accepted, and nothing is forwarded
	refuse bool          // connections are refused
	rate   int           // bytes per second in each direction of a connection; 0: any
	delay  time.Duration // of each piece that is read
}

// pair is the connection of a client and the one to the server.
type pair struct{ client, server net.Conn }

// newProxy listens.
func newProxy(ctx context.Context, dial dialFunc) (*proxy, error) {
	p := &proxy{dial: dial, listeners: make(map[string]net.Listener), ctx: ctx, changed: make(chan struct{}), pairs: make(map[*pair]struct{})}
	for _, transport := range []string{"websocket", "rawsocket"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.listeners[transport] = listener
		p.running.Go(func() { p.accept(listener, way{transport: transport}) })
	}
	return p, nil
}

// connect opens a connection through the proxy.
func (p *proxy) connect(ctx context.Context, w way) (net.Conn, error) {
	return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", p.listeners[w.transport].Addr().String())
}

func (p *proxy) accept(listener net.Listener, w way) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(client, w) })
	}
}

// serve forwards until either side ends.
func (p *proxy) serve(client net.Conn, w way) {
	defer client.Close()
	if p.now().refuse {
		_ = reset(client) // it may have gone
		return
	}
	server, err := p.dial(p.ctx, w)
	if err != nil {
		_ = reset(client)
		return
	}
	defer server.Close()
	both := &pair{client, server}
	if !p.add(both) {
		return
	}
	defer p.remove(both)
	var copying sync.WaitGroup
	copying.Go(func() { p.forward(server, client); p.end(both) })
	copying.Go(func() { p.forward(client, server); p.end(both) })
	copying.Wait()
}

// end closes both connections.
func (p *proxy) end(b *pair) {
	b.client.Close()
	b.server.Close()
}

// forward copies from one connection to the other as the weather allows.
func (p *proxy) forward(to, from net.Conn) {
	piece := make([]byte, 16<<10)
	for {
		now := p.now()
		room := piece
		if now.rate > 0 {
			room = piece[:max(1, min(len(piece), now.rate/20))]
		}
		n, err := from.Read(room)
		if err != nil {
			return
		}
		if !p.hold(n) {
			return
		}
		if _, err := to.Write(room[:n]); err != nil {
			return
		}
	}
}

// hold waits as long as the weather holds n bytes back. It returns false when the proxy is closed.
func (p *proxy) hold(n int) bool {
	for {
		p.mu.Lock()
		now, changed, closed := p.weather, p.changed, p.closed
		p.mu.Unlock()
		switch {
		case closed:
			return false
		case now.silent:
			<-changed
			continue
		case now.rate > 0:
			time.Sleep(time.Duration(n) * time.Second / time.Duration(now.rate))
		case now.delay > 0:
			time.Sleep(now.delay)
		}
		return true
	}
}

func (p *proxy) now() weather {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.weather
}

// set changes the weather.
func (p *proxy) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *proxy) add(b *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.pairs[b] = struct{}{}
	return true
}

func (p *proxy) remove(b *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, b)
}

// cut ends all connections. What is on the way is lost if it resets them.
func (p *proxy) cut(end func(net.Conn) error) {
	p.mu.Lock()
	all := make([]*pair, 0, len(p.pairs))
	for b := range p.pairs {
		all = append(all, b)
	}
	p.mu.Unlock()
	for _, b := range all {
		_ = end(b.client) // it may have gone
		_ = end(b.server)
	}
}

// finish closes a connection with FIN.
func finish(conn net.Conn) error { return conn.Close() }

// close ends the proxy and waits for its goroutines.
func (p *proxy) close() error {
	var failed []error
	for _, l := range p.listeners {
		failed = append(failed, l.Close())
	}
	p.mu.Lock()
	p.closed = true
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	p.cut(finish)
	p.running.Wait()
	return errors.Join(failed...)
}
