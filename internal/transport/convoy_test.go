package transport_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
)

// TestWritingTogetherLosesNothing has more written to many than their sockets take, while they read, so
// that writes to some of a convoy end short or not at all.
func TestWritingTogetherLosesNothing(t *testing.T) {
	t.Parallel()
	const clients, frames = 3, 36
	for _, alone := range []bool{false, true} {
		t.Run(fmt.Sprintf("alone=%t", alone), func(t *testing.T) {
			t.Parallel()
			speaker := newEcho()
			s := serve(t, transport.Options{Speaker: speaker, WriteShards: 1, WriteAlone: alone})
			var all []*client
			for range clients {
				all = append(all, s.dial(t))
			}
			message := func(i int) string { return fmt.Sprint(i, strings.Repeat("x", i%4*300_000)) }
			talks := speaker.all()
			for i := range frames {
				for _, talk := range talks {
					talk.send(framed(talk.opening.Text, message(i)))
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
			if s.Stats().WrittenSlowly == 0 {
				t.Error("every socket took all that was written to it: nothing was tried")
			}
		})
	}
}

func TestWhoIsGoneDelaysNoConvoy(t *testing.T) {
	t.Parallel()
	speaker := newEcho()
	s := serve(t, transport.Options{Speaker: speaker, WriteShards: 1})
	const clients, rounds = 20, 30
	stays := s.dial(t)
	for range rounds {
		var leaving []*client
		for range clients {
			leaving = append(leaving, s.dial(t))
		}
		talks := speaker.all()
		var closing sync.WaitGroup
		closing.Go(func() {
			for _, c := range leaving {
				c.nc.Close()
			}
		})
		for _, talk := range talks {
			talk.send(framed(talk.opening.Text, "to all"))
		}
		closing.Wait()
		stays.wants(fin|opText, "to all")
		for range clients {
			speaker.goneWith(t)
		}
	}
}
