// Command load measures the cost of Tidings and its peers, side by side and from outside. It starts real servers as
// processes, plays clients over loopback, and reads the CPU time and the memory of the server's process.
//
// It never measures inside a server, and measures only servers that it has started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"github.com/tidings-io/tidings/test/load/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options holds the flags of the command line.
type options struct {
	rounds      int
	only        string
	servers     string
	seconds     float64
	connections int
	out         string
	results     string
	tidings     string
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	var o options
	flags.IntVar(&o.rounds, "rounds", 3, "the number of measurements of each server in each scenario; medians are compared")
	flags.StringVar(&o.only, "only", "", "the scenarios whose names match this `regexp`")
	flags.StringVar(&o.servers, "servers", "", "the servers whose names match this `regexp`")
	flags.Float64Var(&o.seconds, "seconds", 1.5, "the length of each measurement in seconds")
	flags.IntVar(&o.connections, "connections", 10_000, "the number of connections in the scenario memory")
	flags.StringVar(&o.out, "out", "", "the `folder` for benchmarks.md and its plots (default ../../docs, if everything is measured)")
	flags.StringVar(&o.results, "results", "results.json", "the `file` for all measurements")
	flags.StringVar(&o.tidings, "tidings", "", "the `binary` of Tidings to measure; the default is a new build")
	list := flags.Bool("list", false, "list the scenarios and their servers, and measure nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.out == "" && o.only == "" && o.servers == "" {
		o.out = "../../docs" // a partial run must not replace the whole page
	}
	scenarios, err := o.selected()
	if err != nil {
		return err
	}
	if *list {
		return show(scenarios)
	}
	runtime.LockOSThread() // keeps the loop on one thread
	return o.measure(ctx, scenarios)
}

// selected returns the scenarios and servers that the flags select.
func (o options) selected() ([]scenario.Scenario, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	servers, err := regexp.Compile(o.servers)
	if err != nil {
		return nil, fmt.Errorf("-servers: %w", err)
	}
	var selected []scenario.Scenario
	for _, s := range scenario.All() {
		if !only.MatchString(s.Name) {
			continue
		}
		var variants []scenario.Variant
		for _, v := range s.Variants {
			if servers.MatchString(v.Name) {
				variants = append(variants, v)
			}
		}
		if s.Variants = variants; len(variants) > 0 {
			selected = append(selected, s)
		}
	}
	if len(selected) == 0 {
		return nil, errors.New("no scenario matches; -list shows their names")
	}
	return selected, nil
}

func show(scenarios []scenario.Scenario) error {
	for _, s := range scenarios {
		fmt.Print(s.Name, ":")
		for _, v := range s.Variants {
			fmt.Print(" ", v.Name)
		}
		fmt.Println()
	}
	return nil
}

// settle is the time for which memory must be constant before it is read.
const settle = 1500 * time.Millisecond

// scale returns the scale of a real run.
func (o options) scale() scenario.Scale {
	measure := time.Duration(o.seconds * float64(time.Second))
	return scenario.Scale{Measure: measure, WarmUp: measure / 6, Settle: settle, Resting: o.connections}
}
