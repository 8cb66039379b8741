package transport

import (
	"context"
	"testing"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// endless is a socket that always has something to read.
type endless struct {
	netpoll.Socket
	bytes func() []byte
}

func (e *endless) Read(p []byte) (int, error) { return copy(p, e.bytes()), nil }

// joined is a conversation that takes everything.
type joined struct{ Conversation }

func (joined) Established() bool                      { return true }
func (joined) Throttle(context.Context, int) error    { return nil }
func (joined) Receive(context.Context, Message) error { return nil }
func (joined) Flush()                                 {}

type noHandler struct{ Handler }

func (noHandler) Protocols() []Protocol { return nil }

// A client that always has more to send is never at rest. The time for its message begins nevertheless, and neither
// fragments nor control frames begin it again.
func TestTheTimeOfAMessageBeginsWithItsFirstByte(t *testing.T) {
	const (
		beginning = "\x01\x80\x00\x00\x00\x00"         // a text, not final, masked, empty
		more      = "\x00\x80\x00\x00\x00\x00"         // a fragment of it
		end       = "\x80\x81\x00\x00\x00\x00!"        // the last fragment
		pong      = "\x8a\x80\x00\x00\x00\x00"         // a pong
		half      = "\x81\xfe\x10\x00\x00\x00\x00\x00" // the header of a long message
	)
	s, err := New(Options{Handler: noHandler{}, Writers: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(s, &agreed{codec: frame.WebSocket{}, rules: frame.Rules{MaxMessage: 1 << 20, Types: frame.Text}})
	c.conv = joined{}
	next := beginning
	c.socket = &endless{bytes: func() []byte {
		read := next
		next = more + pong
		return []byte(read)
	}}
	c.shard.clock.Store(1000)
	if state := c.Readable(); state != netpoll.Busy {
		t.Fatalf("the reader is %d, the test wants it busy", state)
	}
	c.shard.clock.Store(2000)
	c.Readable()
	if since := c.partialSince.Load(); since != 1000 {
		t.Errorf("the time began at %d, the message at 1000", since)
	}
	if due := c.dueAction(1000+int64(s.limits().Message), s.limits()); due != refusePartial {
		t.Errorf("when the time is over, %d is due", due)
	}
	next = end + half
	c.shard.clock.Store(3000)
	c.socket = &endless{bytes: func() []byte {
		read := next
		next = "x"
		return []byte(read)
	}}
	c.Readable()
	if since := c.partialSince.Load(); since != 3000 {
		t.Errorf("the time of the next message began at %d, the message at 3000", since)
	}
}
