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
	"sync"
	"syscall"

	"github.com/tidings-io/tidings/test/faults/instrument"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	program := flags.String("tidings", "", "the binary; without it, it is built")
	short := flags.Bool("short", false, "as little as make test does")
	only := flags.String("only", "", "the faults whose names match this regular expression")
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
	dir, err := os.MkdirTemp("", "faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	with, err := newPrograms(ctx, *program, dir)
	if err != nil {
		return err
	}
	failed := 0
	fmt.Println(heading)
	for _, f := range faults() {
		if !match.MatchString(f.name) {
			continue
		}
		size := f.long
		if *short {
			size = f.short
		}
		r, err := f.run(ctx, with, size)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Println(r)
		var missing unavailable
		switch {
		case errors.As(r.failed, &missing):
			fmt.Println(missing)
		case r.failed != nil:
			failed++
			fmt.Printf("    %v\n", r.failed)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d faults were not survived", failed)
	}
	return nil
}

// newPrograms builds what is missing. The instrumented program is built once, when a fault needs it.
func newPrograms(ctx context.Context, plain, dir string) (*programs, error) {
	if plain == "" {
		plain = filepath.Join(dir, "tidings")
		build := exec.CommandContext(ctx, "go", "build", "-o", plain, "github.com/tidings-io/tidings/cmd/tidings")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build tidings: %w\n%s", err, output)
		}
	}
	once := sync.OnceValues(func() (string, error) { return instrument.Build(ctx, dir) })
	return &programs{plain, once}, nil
}
