//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/test/faults/audit"
)

// scale says how much happens.
type scale struct {
	subscribers  int
	publishers   int
	topics       int
	publications int // of each publisher, in each storm
	times        int // the fault happens
}

// scene is a server, a network and clients.
type scene struct {
	scale
	programs *programs
	fault    *fault
	server   *server
	proxy    *proxy
	log      *audit.Log
	topics   []string
	stall    stall

	publishers   []*publisher
	subscribers  []*subscriber
	acknowledged atomic.Int64
	refused      atomic.Int64
	received     atomic.Int64

	stop      context.CancelFunc // of the clients
	running   sync.WaitGroup
	before    usage
	recovered time.Duration // the longest recovery
	cpu       time.Duration // of the server during it
}

// newScene starts a server with clients that have no session yet.
func newScene(ctx context.Context, with *programs, f *fault, size scale) (*scene, error) {
	dir, err := os.MkdirTemp("", "faults-")
	if err != nil {
		return nil, err
	}
	s := &scene{scale: size, log: &audit.Log{}, stop: func() {}}
	s.programs, s.fault = with, f
	if s.server, err = newServer(with.plain, dir); err != nil {
		return nil, err
	}
	s.server.more = f.more
	if err := s.server.configure(f.limits); err != nil {
		return nil, err
	}
	if s.proxy, err = newProxy(ctx, s.server.direct); err != nil {
		return nil, err
	}
	for i := range size.topics {
		s.topics = append(s.topics, fmt.Sprintf("%s.%d", [...]string{"chat", "order"}[i%2], i/2))
	}
	for i := range size.publishers {
		w := ways[i%len(ways)]
		if i%4 == 3 {
			w = way{"http", "json"}
		}
		p := newPublisher(i, w, s.proxy.connect, s.log, s.topics)
		p.acknowledged, p.refused = &s.acknowledged, &s.refused
		s.publishers = append(s.publishers, p)
	}
	for i := range size.subscribers {
		s.subscribers = append(s.subscribers, s.subscriber(i))
	}
	return s, nil
}

// patterns is the number of clients among which there are some with patterns, which get the events of many topics.
const patterns = 200

// subscriber makes a client with an exact subscription and one with a pattern.
func (s *scene) subscriber(i int) *subscriber {
	made := &subscriber{received: &s.received, number: i, way: ways[i%len(ways)], dial: s.proxy.connect}
	exact := s.topics[i%len(s.topics)]
	made.wants = append(made.wants, newWant(s.log, i, "exact", exact, s.topics))
	family, _, _ := strings.Cut(s.topics[(i+1)%len(s.topics)], ".")
	switch {
	case i >= patterns:
	case i%4 == 0:
		made.wants = append(made.wants, newWant(s.log, i, "prefix", family+".", s.topics))
	case i%4 == 1:
		made.wants = append(made.wants, newWant(s.log, i, "wildcard", family+".", s.topics))
	}
	return made
}

// begin starts the server and all clients, and waits until all subscriptions are live.
func (s *scene) begin(ctx context.Context) error {
	if err := s.server.start(ctx); err != nil {
		return err
	}
	var err error
	if s.before, err = s.server.usage(); err != nil {
		return err
	}
	clients, stop := context.WithCancel(ctx)
	s.stop = stop
	for _, c := range s.subscribers {
		s.running.Go(func() { c.run(clients) })
	}
	for _, p := range s.publishers {
		s.running.Go(func() { p.run(clients) })
	}
	return s.awaitLive(ctx)
}

// awaitLive waits until all subscriptions are live.
func (s *scene) awaitLive(ctx context.Context) error {
	missing := ""
	err := await(ctx, func() (bool, error) {
		for _, c := range s.subscribers {
			for _, w := range c.wants {
				if !w.live.Load() {
					missing = fmt.Sprintf("client %d over %v, %s %s", c.number, c.way, w.match, w.topic)
					return false, c.failed()
				}
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait until all subscriptions are live; %s is not: %w", missing, err)
	}
	return nil
}

// storm lets all publishers publish, and returns when a share of it is acknowledged.
func (s *scene) storm(ctx context.Context, share float64) error {
	goal := s.acknowledged.Load() + int64(float64(len(s.publishers)*s.publications)*share)
	for _, p := range s.publishers {
		p.more(s.publications)
	}
	return s.reach(ctx, goal)
}

// reach waits until so many publications are acknowledged.
func (s *scene) reach(ctx context.Context, goal int64) error {
	err := awaitProgress(ctx, s.acknowledged.Load, func() (bool, error) {
		for _, p := range s.publishers {
			if _, err := p.idle(); err != nil {
				return false, err
			}
		}
		return s.acknowledged.Load() >= goal, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %d acknowledged publications; there are %d: %w", goal, s.acknowledged.Load(), err)
	}
	return nil
}

// quiet waits until everything that is to be published is acknowledged.
func (s *scene) quiet(ctx context.Context) error {
	for _, p := range s.publishers {
		if err := awaitProgress(ctx, s.acknowledged.Load, p.idle); err != nil {
			return fmt.Errorf("wait for the acknowledgements of publisher %d: %w", p.number, err)
		}
	}
	return nil
}

// recovering measures from the end of a fault until all subscriptions are live.
func (s *scene) recovering(ctx context.Context) error {
	begin := time.Now()
	before, err := s.server.cpu()
	if err != nil {
		return err
	}
	if err := s.awaitLive(ctx); err != nil {
		return err
	}
	after, err := s.server.cpu()
	if took := time.Since(begin); took > s.recovered {
		s.recovered, s.cpu = took, after-before
	}
	return err
}

// finish publishes once more to each topic, waits until all have received it, and ends the clients.
func (s *scene) finish(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	for i, topic := range s.topics {
		s.publishers[i%len(s.publishers)].end(topic)
	}
	err := s.quiet(ctx)
	if err == nil {
		s.awaitLast(ctx)
	}
	s.stop()
	s.running.Wait()
	for _, c := range s.subscribers {
		err = errors.Join(err, c.failed())
	}
	return err
}

// awaitLast waits until all clients have the last publications. Without them the comparison says what is missing.
func (s *scene) awaitLast(ctx context.Context) {
	_ = awaitProgress(ctx, s.received.Load, func() (bool, error) {
		for _, c := range s.subscribers {
			for _, w := range c.wants {
				select {
				case <-w.finished:
				default:
					return false, c.failed()
				}
			}
		}
		return true, nil
	})
}

// given returns an error unless memory and descriptors are what they were.
func (s *scene) given(ctx context.Context) error {
	const ground = 96 << 20 // of memory: what the collector has not returned yet
	kept, err := strconv.ParseFloat(s.server.metric(ctx, "tidings_kept_bytes"), 64)
	if err != nil {
		return fmt.Errorf("read how much is kept: %w", err)
	}
	var now usage
	err = await(ctx, func() (bool, error) {
		var err error
		now, err = s.server.usage()
		return now.descriptors <= s.before.descriptors+2 && now.memory <= s.before.memory+ground+2*int64(kept), err
	})
	if err != nil {
		return fmt.Errorf("descriptors were %d and are %d, memory was %d MiB and is %d MiB: %w",
			s.before.descriptors, now.descriptors, s.before.memory>>20, now.memory>>20, err)
	}
	return nil
}

// close ends everything.
func (s *scene) close() error {
	s.stop()
	err := s.proxy.close()
	s.running.Wait()
	if s.server.command != nil {
		s.server.kill()
	}
	return errors.Join(err, os.RemoveAll(s.server.dir))
}
