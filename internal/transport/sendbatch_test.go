package transport_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/transport"
)

// TestWritingTogetherLosesNothing writes more to several clients than their sockets accept, before the clients read. So
// some writes of a batch are short, and some fail with EAGAIN.
func TestWritingTogetherLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ alone, secure bool }{
		"together": {}, "alone": {alone: true}, "together, over TLS": {secure: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newEcho()
			s := serve(t, transport.Options{Handler: handler, Writers: 1, DisableIOUring: c.alone})
			dial := func() *client { return s.dial(t) }
			if c.secure {
				dial = overTLS(t, s, true)
			}
			flood(t, s, handler, []*client{dial(), dial()})
		})
	}
}

func flood(t *testing.T, s *served, handler *echo, all []*client) {
	const frames = 400
	text := strings.Repeat("x", 60_000)
	message := func(i int) string { return fmt.Sprint(i, text[:i%4*20_000]) }
	convs := handler.all()
	for i := range frames {
		for _, conv := range convs {
			conv.send(framed(conv.info.Text, message(i)))
		}
	}
	for begin := time.Now(); s.Stats().WrittenSlowly < uint64(len(all)); runtime.Gosched() {
		if time.Since(begin) > patience {
			t.Fatal("sockets took all that was written to them: nothing is tried")
		}
	}
	var reading sync.WaitGroup
	for _, c := range all {
		reading.Go(func() {
			for i := range frames {
				if got, err := c.tryReceive(); err != nil || got.payload != message(i) {
					t.Errorf("message %d begins with %.10q and has %d bytes (%v)", i, got.payload, len(got.payload), err)
					return
				}
			}
		})
	}
	reading.Wait()
	for _, c := range all { // a client that was slow is as fast as before
		c.send(masked(fin|opText, "and back"))
		c.wants(fin|opText, "and back")
	}
}

// TestEachClientGetsSmallFramesInOrder sends several small frames together to each of many clients.
func TestEachClientGetsSmallFramesInOrder(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%t", secure), func(t *testing.T) {
			t.Parallel()
			handler := newEcho()
			s := serve(t, transport.Options{Handler: handler, Writers: 1})
			dial := func() *client { return s.dial(t) }
			if secure {
				dial = overTLS(t, s, true)
			}
			const clients, frames = 20, 500
			var all []*client
			for range clients {
				all = append(all, dial())
			}
			convs := handler.all()
			for i := range frames {
				for _, conv := range convs {
					conv.send(framed(conv.info.Text, fmt.Sprint(i, strings.Repeat("y", i))))
				}
			}
			for _, c := range all {
				for i := range frames {
					c.wants(fin|opText, fmt.Sprint(i, strings.Repeat("y", i)))
				}
			}
		})
	}
}

func TestASocketThatClosesDelaysNoBatch(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Writers: 1})
	const clients, rounds = 20, 30
	stays := s.dial(t)
	for range rounds {
		var leaving []*client
		for range clients {
			leaving = append(leaving, s.dial(t))
		}
		convs := handler.all()
		var closing sync.WaitGroup
		closing.Go(func() {
			for _, c := range leaving {
				c.nc.Close()
			}
		})
		for _, conv := range convs {
			conv.send(framed(conv.info.Text, "to all"))
		}
		closing.Wait()
		stays.wants(fin|opText, "to all")
		for range clients {
			handler.goneWith(t)
		}
	}
}
