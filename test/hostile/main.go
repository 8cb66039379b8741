//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("hostile", flag.ContinueOnError)
	program := flags.String("tidings", "", "the binary to attack; without it, it is built")
	times := flags.Int("times", 1, "how much is sent, as a multiple of the least")
	connections := flags.Int("connections", 100_000, "how many connections look for bytes of others, for each kind of sockets; 0: none")
	only := flags.String("only", "", "the attacks whose names match this regular expression")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *program == "" {
		dir, err := os.MkdirTemp("", "hostile-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if *program, err = build(ctx, dir); err != nil {
			return err
		}
	}
	failed := 0
	campaign := &campaign{program: *program, times: max(*times, 1)}
	for _, what := range attacks() {
		if !match.MatchString(what.name) {
			continue
		}
		for _, w := range what.overWays() {
			r, err := campaign.run(ctx, what, w)
			if err != nil {
				return err
			}
			fmt.Println(r)
			if r.failed != nil {
				failed++
				fmt.Printf("    %v\n", r.failed)
			}
		}
	}
	for _, kind := range allSockets {
		if *connections == 0 || !match.MatchString("foreign bytes") {
			break
		}
		t, err := lookForForeignBytes(ctx, campaign.program, kind, *connections)
		if err != nil {
			return fmt.Errorf("foreign bytes, %v: %w", kind, err)
		}
		fmt.Printf("%-50s %-26v %v\n", "foreign bytes", kind, t)
	}
	if failed > 0 {
		return fmt.Errorf("%d attacks cost more than their bound", failed)
	}
	return nil
}

// attacks returns all attacks in the order of their names: those of strangers first.
func attacks() []attack {
	strangers, users := append(byStrangers(), onChannels()...), append(byUsers(), onOthers()...)
	slices.SortFunc(strangers, byName)
	slices.SortFunc(users, byName)
	return append(strangers, users...)
}

// overWays returns the ways of an attack; one that makes its own connections has one.
func (a *attack) overWays() []way {
	if a.connect != nil {
		return []way{{}}
	}
	return a.ways
}

// build compiles tidings into a folder.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "tidings")
	c := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/tidings-io/tidings/cmd/tidings")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tidings: %w\n%s", err, output)
	}
	return program, nil
}

// String returns a line of the table.
func (r result) String() string {
	memory, cpu := r.cost.perKiB()
	line := fmt.Sprintf("%-50s %-26s %6.0f KiB sent %8.2f KiB and %8.3f ms for each", r.attack, r.way, kib(r.cost.sent), memory/1024, float64(cpu)/float64(time.Millisecond))
	if r.ordinary != nil {
		line += fmt.Sprintf("  %6.1f x the CPU of an ordinary message", r.factor())
	}
	return line
}

// factor returns the CPU time of a message divided by that of an ordinary one.
func (r *result) factor() float64 {
	return float64(r.cost.cpu) / float64(max(r.cost.messages, 1)) / (float64(r.ordinary.cpu) / float64(max(r.ordinary.messages, 1)))
}
