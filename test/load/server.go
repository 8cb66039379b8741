package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	secret = "a secret of the load test, for its own server only"
	apiKey = "the-key-of-the-load-test-publisher"
	topic  = "load.fanout"

	// maxConnections leaves room in the range of ephemeral ports of one address.
	maxConnections = 25_000
	// startWithin bounds how long a server may take until it answers.
	startWithin = 20 * time.Second
	// clockTick is the unit of the times in /proc/PID/stat; Linux has fixed it for user space.
	clockTick = time.Second / 100
)

const config = `
realm: app
auth:
  tickets: {secret: "` + secret + `", ttl: 5m}
api_keys:
  - {name: load, key: "` + apiKey + `", may: [publish]}
topics:
  load.fanout:
    subscribe: identity.role == "user"
    publish: backend
`

// server is one process under measurement.
type server struct {
	address string
	command *exec.Cmd
	dir     string
	output  *bytes.Buffer
}

func startServer(ctx context.Context, binary string) (*server, error) {
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("find the binary: %w; run `make build` first or name it with -tidings", err)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tidings-load-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "tidings.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	s := &server{address: address, dir: dir, output: new(bytes.Buffer)}
	s.command = exec.CommandContext(ctx, binary, "serve", "--config", file, "--listen", address)
	s.command.Stdout, s.command.Stderr = s.output, s.output
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	if err := s.waitUntilItAnswers(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w; it said:\n%s", err, s.output)
	}
	return s, nil
}

// freeAddress asks the system for a port; it is free again when the server takes it.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *server) waitUntilItAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server did not listen on %s within %s", s.address, startWithin)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended already
	_ = s.command.Wait()
	_ = os.RemoveAll(s.dir)
}

// settledRSS reads the resident memory of the process, in bytes, once it has not changed for a while:
// the garbage collector and the scavenger need a moment after a burst.
func (s *server) settledRSS(ctx context.Context) (int64, error) {
	const (
		tolerance = 128 << 10
		quiet     = 10
		rounds    = 300
	)
	last, unchanged := int64(0), 0
	for range rounds {
		rss, err := s.rss()
		if err != nil {
			return 0, err
		}
		if max(rss-last, last-rss) < tolerance {
			unchanged++
		} else {
			last, unchanged = rss, 0
		}
		if unchanged == quiet {
			return rss, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return last, nil
}

func (s *server) rss() (int64, error) {
	fields, err := s.proc("statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// cpu is the user and system time that the process has used so far.
func (s *server) cpu() time.Duration {
	fields, err := s.proc("stat")
	if err != nil {
		return 0
	}
	// Counted behind the command's name, which has no spaces here: utime and stime, proc(5).
	user, _ := strconv.ParseInt(fields[13], 10, 64)
	system, _ := strconv.ParseInt(fields[14], 10, 64)
	return time.Duration(user+system) * clockTick
}

func (s *server) proc(name string) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.command.Process.Pid, name))
	if err != nil {
		return nil, fmt.Errorf("read /proc of the server (it runs on Linux only): %w", err)
	}
	return strings.Fields(string(text)), nil
}

// raiseFileLimit makes room for the connections of this process; its child inherits it.
func raiseFileLimit(need uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= need {
		return nil
	}
	limit.Cur, limit.Max = need, max(limit.Max, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("open %d files: %w; run `ulimit -n %d` first or give fewer -connections", need, err, need)
	}
	return nil
}
