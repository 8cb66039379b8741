//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/wamp"
)

// allSockets are the kinds of sockets that a server has on Linux, plain and with TLS.
var allSockets = []sockets{{"auto", false}, {"auto", true}, {"portable", false}, {"portable", true}}

// total counts what happened to the connections.
type total struct{ events, reset, left int64 }

// String returns a sentence.
func (t total) String() string {
	return fmt.Sprintf("%d events, all of their own connection; %d connections reset, %d ended", t.events, t.reset, t.left)
}

// visitors open connections one after the other. The system gives the descriptors of connections that were reset to new
// ones at once, so what the server still writes for the former connection would reach the next.
const visitors = 32

// lookForForeignBytes makes connections to a server. Each one publishes a text of its own to a topic of its own, and
// fails if it receives anything that is not its own. Seven of ten are reset while events are on the way.
func lookForForeignBytes(ctx context.Context, program string, kind sockets, connections int) (total, error) {
	s, err := startServer(ctx, program, kind)
	if err != nil {
		return total{}, err
	}
	defer s.stop()
	var (
		next, events, reset, left atomic.Int64
		visiting                  sync.WaitGroup
		failures                  = make(chan error, visitors)
	)
	for range visitors {
		visiting.Go(func() {
			for id := next.Add(1); id <= int64(connections) && ctx.Err() == nil && len(failures) == 0; id = next.Add(1) {
				v := &visit{id: id, resets: rand.IntN(10) < 7, random: rand.New(rand.NewPCG(uint64(id), 1))}
				if err := v.make(ctx, s); err != nil {
					failures <- fmt.Errorf("connection %d: %w", id, err)
					return
				}
				events.Add(v.events)
				if v.resets {
					reset.Add(1)
				} else {
					left.Add(1)
				}
			}
		})
	}
	visiting.Wait()
	close(failures)
	err = errors.Join(<-failures, s.crashed(), ctx.Err())
	return total{events.Load(), reset.Load(), left.Load()}, err
}

// visit is one connection.
type visit struct {
	id     int64
	resets bool // in the middle of an event
	random *rand.Rand
	events int64
}

// make opens the connection, receives its events and ends it.
func (v *visit) make(ctx context.Context, s *server) error {
	d := &dialer{server: s}
	w := way{"websocket", []string{"json", "msgpack", "cbor"}[v.id%3], false}
	c, err := d.join(ctx, w)
	if err != nil {
		return err
	}
	defer c.close()
	topic, text := fmt.Sprintf("open.v%d", v.id), v.text()
	if _, err := c.subscribe(topic, object{}); err != nil {
		return err
	}
	const publications = 8
	for i := range publications {
		if err := c.send(forge(w.serialization, []node{16, i + 1, object{{"exclude_me", false}}, topic, []node{text}})); err != nil {
			return err
		}
	}
	last := publications
	if v.resets {
		last = v.random.IntN(publications)
	}
	for range last {
		if err := v.event(c, text); err != nil {
			return err
		}
		v.events++
	}
	if v.resets {
		return resetConnection(c)
	}
	return nil
}

// text is a text that only this connection has, and long enough to need several segments.
func (v *visit) text() string {
	return strings.Repeat(fmt.Sprintf("-%d", v.id), 1+v.random.IntN(2000))
}

// event receives one message, which must be an event with the text.
func (v *visit) event(c *client, text string) error {
	m, err := c.next()
	if err != nil {
		return err
	}
	event, ok := m.(*wamp.Event)
	if !ok {
		return fmt.Errorf("instead of an event came %T: %.200v", m, m)
	}
	if want := forge(c.serialization, []node{text}); !bytes.Equal(event.Payload.Args, want) {
		return fmt.Errorf("an event has bytes of another connection: %.200q", event.Payload.Args)
	}
	return nil
}

// resetConnection closes a connection with RST: what is on the way is lost.
func resetConnection(c *client) error {
	w, ok := c.wire.(*webSocketWire)
	if !ok {
		return errors.New("only a WebSocket can be reset")
	}
	conn := w.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	socket, ok := conn.(counted).Conn.(*net.TCPConn)
	if !ok {
		return errors.New("only TCP can be reset")
	}
	return errors.Join(socket.SetLinger(0), socket.Close())
}
