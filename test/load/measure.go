package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/scenario"
	"github.com/tidings-io/tidings/test/load/servers"
)

// garbage limits the growth of the generator's memory before a collection. A run makes little garbage, and a
// collection takes time from the loop.
const garbage = 400

// measure runs the scenarios and writes the results. After a failure or an interrupt it writes the results so far.
func (o options) measure(ctx context.Context, scenarios []scenario.Scenario) (err error) {
	debug.SetGCPercent(garbage)
	if err := servers.RaiseFileLimit(max(o.connections, 10_000)); err != nil {
		return err
	}
	programs, err := servers.NewPrograms(o.tidings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, programs.Remove()) }()
	fmt.Fprintln(os.Stderr, "building the servers")
	if err := build(ctx, programs, scenarios); err != nil {
		return err
	}
	machine, err := describe(ctx, programs, scenarios)
	if err != nil {
		return err
	}
	if err := servers.PinGenerator(); err != nil {
		return err
	}
	measurements, failed := o.takeTurns(ctx, programs, scenarios)
	return errors.Join(failed, o.write(report.Run{Machine: machine, Measurements: measurements}))
}

func build(ctx context.Context, programs *servers.Programs, scenarios []scenario.Scenario) error {
	for _, s := range scenarios {
		for _, v := range s.Variants {
			if err := programs.Build(ctx, v.Server.Program); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeTurns measures the servers of a scenario in turn, round by round, so that a disturbance of the machine affects
// several servers. A failure ends only its own measurement.
func (o options) takeTurns(ctx context.Context, programs *servers.Programs, scenarios []scenario.Scenario) ([]report.Measurement, error) {
	var (
		all    []report.Measurement
		failed []error
	)
	progress := newProgress(scenarios, o.rounds)
	defer progress.end()
	for _, s := range scenarios {
		for round := 1; round <= o.rounds; round++ {
			for _, v := range s.Variants {
				m := report.Measurement{Scenario: s.Name, Server: v.Name, Round: round}
				progress.begins(m)
				figures, err := s.Run(ctx, programs, v, o.scale())
				if ctx.Err() != nil {
					return all, errors.Join(append(failed, ctx.Err())...)
				}
				m.Figures = figures
				progress.ends(m, err)
				if err != nil {
					failed = append(failed, fmt.Errorf("round %d: %w", round, err))
					continue
				}
				all = append(all, m)
			}
		}
	}
	return all, errors.Join(failed...)
}

// write writes the results and the page that is made from them.
func (o options) write(run report.Run) error {
	if len(run.Measurements) == 0 {
		return nil
	}
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	if err := os.WriteFile(o.results, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	if o.out == "" {
		return nil
	}
	if err := report.Write(run, o.out); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
