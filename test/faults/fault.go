//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/test/faults/audit"
)

// fault is something that happens to a server in the middle of publications.
type fault struct {
	name    string
	short   scale
	long    scale
	limits  string                                    // of the configuration, instead of the usual ones
	more    string                                    // sections of the configuration
	prepare func(ctx context.Context, s *scene) error // before the clients start
	play    func(ctx context.Context, s *scene) error
	damages bool // what was acknowledged may be gone; clients must be told
}

// programs are the binaries.
type programs struct {
	plain        string
	instrumented func() (string, error) // builds it when it is asked for
}

// row is the outcome of a fault, a line of the table.
type row struct {
	name string
	audit.Report
	clients   int
	recovered time.Duration
	cpu       time.Duration
	before    usage
	after     usage
	failed    error
}

// run plays a fault and compares.
func (f *fault) run(ctx context.Context, with *programs, size scale) (r row, err error) {
	s, err := newScene(ctx, with, f, size)
	if err != nil {
		return row{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r = row{name: f.name, clients: size.subscribers + size.publishers}
	var failed error
	if f.prepare != nil {
		failed = f.prepare(ctx, s)
	}
	var missing unavailable
	if errors.As(failed, &missing) {
		r.failed = failed
		return r, nil
	}
	if failed == nil {
		failed = s.begin(ctx)
	}
	if failed == nil {
		failed = f.play(ctx, s)
	}
	if failed == nil {
		failed = s.finish(ctx)
	}
	if failed == nil {
		_, failed = readStored(ctx, s.server, s.log)
	}
	if failed != nil {
		s.stop()
		s.running.Wait()
	} else {
		failed = s.given(ctx)
	}
	r.Report = s.log.Judge()
	r.recovered, r.cpu, r.before = s.recovered, s.cpu, s.before
	switch {
	case r.Gaps > 0 && !f.damages:
		failed = errors.Join(failed, fmt.Errorf("%d gaps were told, and nothing may be missing", r.Gaps))
	case r.Gaps == 0 && f.damages:
		failed = errors.Join(failed, errors.New("no client was told that something is missing"))
	}
	if r.failed = errors.Join(failed, r.Err()); r.failed != nil {
		r.failed = fmt.Errorf("%w\nthe server says:\n%s", r.failed, s.server.tail())
	}
	r.after, _ = s.server.usage() // it may have ended
	return r, nil
}

// heading is the first line of the table.
const heading = "fault                                   clients     acked  expected  received  lost  doubled  disorder  false yes  gaps  recovery       CPU      memory  descriptors"

// String returns a line of the table.
func (r row) String() string {
	return fmt.Sprintf("%-38s %8d %9d %9d %9d %5d %8d %9d %10d %5d %8.2fs %8.2fs %4d→%3d MiB %8d→%d", r.name, r.clients, r.Acknowledged, r.Expected, r.Received,
		r.Lost, r.Doubled, r.Disordered, r.FalseYes, r.Gaps, r.recovered.Seconds(), r.cpu.Seconds(), r.before.memory>>20, r.after.memory>>20, r.before.descriptors, r.after.descriptors)
}

// unavailable is the reason why a fault cannot be played on this system.
type unavailable string

func (u unavailable) Error() string { return "SKIPPED: " + string(u) }
