//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// calm is no fault: it shows that the comparison finds nothing where nothing happens.
func calm(ctx context.Context, s *scene) error { return s.storm(ctx, 1) }

// killed kills the server in the middle of a storm, and starts it again.
func killed(ctx context.Context, s *scene) error {
	for range s.times {
		if err := s.storm(ctx, 0.4); err != nil {
			return err
		}
		s.server.kill()
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// compacted kills the server while it compacts its log again and again: clients fill the log with publications of which
// only the last few are kept.
func compacted(ctx context.Context, s *scene) error {
	stop := s.flood(ctx, strings.Repeat("fill", 4000), "flood.1", "flood.2")
	defer stop()
	compactions := func() int { return strings.Count(s.server.output.String(), "the journal was compacted") }
	for range s.times {
		before := compactions()
		if err := s.storm(ctx, 0.4); err != nil {
			return err
		}
		if err := s.server.await(ctx, func() bool { return compactions() > before }); err != nil {
			return fmt.Errorf("wait for a compaction: %w", err)
		}
		s.server.kill()
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	stop()
	return nil
}

// stopped stops the server in the middle of a storm, and starts it again.
func stopped(ctx context.Context, s *scene) error {
	for range s.times {
		if err := s.storm(ctx, 0.4); err != nil {
			return err
		}
		if err := errors.Join(s.server.stop(), s.server.start(ctx)); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// gateSubscribers takes all clients past the proxy, which needs two descriptors for each. Subscribers connect only
// while there is no stall.
func gateSubscribers(_ context.Context, s *scene) error {
	for _, p := range s.publishers {
		p.dial = s.server.direct
	}
	for _, c := range s.subscribers {
		c.dial = func(ctx context.Context, w way) (net.Conn, error) {
			s.stall.wait()
			return s.server.direct(ctx, w)
		}
	}
	return nil
}

// restarted stops the server and starts it again. Subscribers come back when there is something that they have missed.
func restarted(ctx context.Context, s *scene) error {
	for range s.times {
		if err := s.storm(ctx, 0.5); err != nil {
			return err
		}
		if err := s.quiet(ctx); err != nil {
			return err
		}
		s.stall.begin()
		err := errors.Join(s.server.stop(), s.server.start(ctx))
		if err == nil {
			err = s.storm(ctx, 1)
		}
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

// reloaded lets the server read its configuration again and again, in the middle of a storm: with other limits and
// contracts, and with a mistake.
func reloaded(ctx context.Context, s *scene) error {
	for i := range s.times * 4 {
		if err := s.storm(ctx, 0.1); err != nil {
			return err
		}
		s.server.kept = fmt.Sprintf("keep: {last: %d}", 100_000+i)
		limits, outcome := fmt.Sprintf("subscriptions: %d", 1000+i), "applied"
		if i%4 == 3 {
			limits, outcome = "no_such_limit: 1", "refused"
		}
		metric := `tidings_reloads_total{outcome="` + outcome + `"}`
		before := s.server.metric(ctx, metric)
		if err := s.server.configure(limits); err != nil {
			return err
		}
		if err := s.server.command.Process.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		if err := s.server.await(ctx, func() bool { return s.server.metric(ctx, metric) != before }); err != nil {
			return fmt.Errorf("wait until %s: %w", metric, err)
		}
	}
	return s.recovering(ctx)
}

// clockSteps lets the clock of the day step forward and back, also while the server is not running.
func clockSteps(ctx context.Context, s *scene) error {
	program, err := s.programs.instrumented()
	if err != nil {
		return err
	}
	clock, err := newClock(s.server.dir + "/clock")
	if err != nil {
		return err
	}
	defer clock.close()
	s.server.kill()
	s.server.program, s.server.env = program, []string{"FAULTS_CLOCK=" + s.server.dir + "/clock"}
	if err := s.server.start(ctx); err != nil {
		return err
	}
	steps := []time.Duration{time.Hour, -2 * time.Hour, 400 * 24 * time.Hour, -399 * 24 * time.Hour}
	for range s.times {
		for i, step := range steps {
			if err := s.storm(ctx, 0.3); err != nil {
				return err
			}
			clock.step(step)
			if i%2 == 1 {
				continue
			}
			s.server.kill() // while publications wait for their answers
			if err := s.server.start(ctx); err != nil {
				return err
			}
			if err := s.recovering(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// clock is the file from which an instrumented server has its offset to the clock of the day.
type clock struct{ page []byte }

func newClock(path string) (*clock, error) {
	if err := os.WriteFile(path, make([]byte, 8), 0o600); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	page, err := syscall.Mmap(int(file.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return &clock{page}, err
}

// step moves the clock.
func (c *clock) step(by time.Duration) {
	seconds := (*int64)(unsafe.Pointer(&c.page[0]))
	atomic.AddInt64(seconds, int64(by/time.Second))
}

func (c *clock) close() { _ = syscall.Munmap(c.page) } // the process ends soon
