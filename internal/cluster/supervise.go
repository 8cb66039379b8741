package cluster

import (
	"context"
	"fmt"
	"time"
)

// reopenTimeout bounds one try to reopen the store.
const reopenTimeout = time.Minute

// supervisor checks the store of an engine, and reopens it after a failure. JetStream cannot do that itself: after a
// write error a stream refuses all writes, or the whole of JetStream is disabled, until the server starts again.
type supervisor struct {
	engine *Engine
	folder *folder
	cancel context.CancelFunc
	done   chan struct{}

	probing chan error // the result of a probe that has not ended yet; nil: none
}

func supervise(e *Engine, f *folder) *supervisor {
	ctx, cancel := context.WithCancel(context.Background())
	s := &supervisor{engine: e, folder: f, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.run(ctx)
	}()
	return s
}

// stop ends the supervisor and waits for it.
func (s *supervisor) stop() {
	s.cancel()
	<-s.done
}

func (s *supervisor) run(ctx context.Context) {
	timer := time.NewTimer(checkInterval)
	defer timer.Stop()
	for {
		h, due := s.health(), false
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-timer.C:
			due = true
		}
		switch {
		case h.err() == nil:
			s.check(ctx, h)
		case due:
			s.repair(ctx, h)
		}
		if s.health().err() == nil {
			timer.Reset(checkInterval)
		} else {
			timer.Reset(repairInterval)
		}
	}
}

func (s *supervisor) health() *health { return s.engine.running.Load().health }

// check finds out whether a store that is not known to be broken works.
func (s *supervisor) check(ctx context.Context, h *health) {
	defer h.finished()
	err := s.probe(ctx, false)
	if err == nil {
		err = s.ask(ctx)
	}
	if err != nil && ctx.Err() == nil {
		h.fail(err) //nolint:errcheck // returns the reason for callers that write
	}
}

// ask returns an error if JetStream does not answer.
func (s *supervisor) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, writeTimeout, errSlow)
	defer cancel()
	_, err := s.engine.running.Load().stream.AccountInfo(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// repair reopens the store if its folder can be written to again.
func (s *supervisor) repair(ctx context.Context, h *health) {
	err := s.probe(ctx, true)
	if err == nil {
		err = s.reopen(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		h.fail(err) //nolint:errcheck // the same
	default:
		h.mended()
	}
}

// probe probes the folder, but waits at most [writeTimeout]. A probe that the disk holds up goes on, and the next call
// waits for its result.
func (s *supervisor) probe(ctx context.Context, sync bool) error {
	if s.probing == nil {
		probing := make(chan error, 1)
		s.probing = probing
		go func() { probing <- s.folder.probe(sync) }()
	}
	select {
	case err := <-s.probing:
		s.probing = nil
		return err
	case <-time.After(writeTimeout):
		return errSlow
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reopen ends the embedded server, starts another one, and opens all buckets and guards on it.
func (s *supervisor) reopen(ctx context.Context) error {
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := waitFor(e.running.Load().stop(), writeTimeout); err != nil { // of a try before it, perhaps
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reopenTimeout)
	defer cancel()
	if err := e.openLocked(ctx); err != nil {
		return fmt.Errorf("reopen it: %w", err)
	}
	return nil
}
