//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// cut ends all connections in the middle of a storm.
func cut(end func(net.Conn) error) func(ctx context.Context, s *scene) error {
	return func(ctx context.Context, s *scene) error {
		for range s.times * 3 {
			if err := s.storm(ctx, 0.3); err != nil {
				return err
			}
			s.proxy.cut(end)
			if err := s.recovering(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// heartbeat is the pause between two pings of a client that looks for dead connections.
const heartbeat = 200 * time.Millisecond

// heartbeats lets all subscribers look for dead connections.
func heartbeats(_ context.Context, s *scene) error {
	for _, c := range s.subscribers {
		c.heartbeat = heartbeat
	}
	return nil
}

// silent lets the network swallow everything, until all subscribers have found out. Then it works again: for some
// connections what was swallowed arrives late, others are gone.
func silent(ctx context.Context, s *scene) error {
	for i := range s.times {
		if err := s.storm(ctx, 0.3); err != nil {
			return err
		}
		s.proxy.set(weather{silent: true})
		err := await(ctx, func() (bool, error) {
			for _, c := range s.subscribers {
				if c.wants[0].live.Load() {
					return false, c.failed()
				}
			}
			return true, nil
		})
		if err != nil {
			return fmt.Errorf("wait until all have noticed that the network is dead: %w", err)
		}
		if i%2 == 1 {
			s.proxy.cut(reset)
		}
		s.proxy.set(weather{})
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// slow lets the network be slow, and late.
func slow(ctx context.Context, s *scene) error {
	for range s.times {
		for _, w := range []weather{{rate: 64 << 10}, {delay: 5 * time.Millisecond}, {}} {
			s.proxy.set(w)
			if err := s.storm(ctx, 0.2); err != nil {
				return err
			}
			s.proxy.cut(reset)
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stalls lets each second subscriber stop to read while there is a stall, and makes publications long.
func stalls(_ context.Context, s *scene) error {
	for i, c := range s.subscribers {
		c.small, c.dial = true, s.server.direct // a proxy has buffers
		if i%2 == 0 {
			c.pause = s.stall.wait
		}
	}
	for _, p := range s.publishers {
		p.text = strings.Repeat("long", 2000)
	}
	return nil
}

// stall holds readers.
type stall struct {
	mu   sync.Mutex
	gate chan struct{} // closed when they go on; nil: there is no stall
}

func (s *stall) wait() {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

func (s *stall) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *stall) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.gate)
	s.gate = nil
}

// stalled stops the readers during a storm. Those that read must get everything meanwhile.
func stalled(ctx context.Context, s *scene) error {
	for range s.times {
		s.stall.begin()
		err := s.storm(ctx, 1)
		s.stall.end()
		if err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// churns lets each subscriber give up its connection after so many messages, again and again.
func churns(_ context.Context, s *scene) error {
	for i, c := range s.subscribers {
		c.messages = 20 + i%17
	}
	return nil
}

// flooded lets clients publish as fast as they can, without reading, in the middle of a storm.
func flooded(ctx context.Context, s *scene) error {
	stop := s.flood(ctx, strings.Repeat("flood", 20), "live.1", "flood.1", "live.2", "flood.2")
	defer stop()
	for range s.times {
		if err := s.storm(ctx, 1); err != nil {
			return err
		}
	}
	stop()
	return s.recovering(ctx)
}

// flood starts a client for each topic, and returns the function that ends them.
func (s *scene) flood(ctx context.Context, text string, topics ...string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for i, topic := range topics {
		running.Go(func() {
			for ctx.Err() == nil {
				flood(ctx, s.server, ways[i%len(ways)], topic, text)
			}
		})
	}
	return func() { cancel(); running.Wait() }
}

// flood publishes to a topic until the context or the connection ends. No subscriber has the topic.
func flood(ctx context.Context, s *server, w way, topic, text string) {
	joined, err := join(ctx, s.direct, w, login{})
	if err != nil {
		backOff(ctx, 1) // the server may be down
		return
	}
	defer joined.conn().Close()
	defer context.AfterFunc(ctx, func() { joined.conn().Close() })()
	content, err := payload(0, text)
	for i := wamp.ID(1); err == nil; i++ {
		err = joined.write(&wamp.Publish{Request: i, Options: wamp.Dict{"acknowledge": true}, Topic: wamp.URI(topic), Payload: content})
	}
}
