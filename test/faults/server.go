//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience bounds every wait for the server and for clients.
const patience = 30 * time.Second

// configuration is that of every server, with a folder and a RawSocket. Limits that protect the server from too many
// messages are high, so that faults and not limits end connections.
const configuration = `
realm: app
data: %s
rawsocket: [{listen: "unix://%s", ping: true}]
auth:
  anonymous: {role: guest}
api_keys:
  - {name: backend, key: ` + backendKey + `, may: [publish]}
  - {name: ` + reader + `, key: ` + readerKey + `, may: [subscribe]}
limits: {message_rate: 1000000, message_burst: 1000000, kept_bytes: 128MiB, kept_topics: 200000%[4]s}
%[5]s
topics:
  chat.{room}: {subscribe: "true", publish: "true", %[3]s}
  order.{id}: {subscribe: "true", publish: "true", %[3]s}
  flood.{n}: {subscribe: "true", publish: "true", keep: 5}
  live.{n}: {subscribe: "true", publish: "true"}
`

// backendKey is the API key of publishers. All their sessions have one identity, so a retry is the same publication.
const backendKey = "the-key-of-the-backend"

// reader is the identity of each second subscriber. Some publications are for it only, and some for all others.
const (
	reader    = "reader"
	readerKey = "the-key-of-the-reader"
)

// isReader reports whether a client is one with the identity of a reader. The others are anonymous.
func isReader(client int) bool { return client >= 0 && client%2 == 1 }

// server is a program with a data folder that survives it.
type server struct {
	program string
	dir     string
	data    string
	address string   // of HTTP
	raw     string   // path of the RawSocket
	env     []string // beside the environment of this program
	kept    string   // the part of contracts that keeps publications
	more    string   // sections of the configuration
	room    string   // of the data folder, which is a file system of its own then; "": it is not

	command *exec.Cmd
	output  output
	ended   chan struct{}
}

// output collects the output of a program. Safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String returns all that was written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// newServer makes the folder and the configuration of a server.
func newServer(program, dir string) (*server, error) {
	s := &server{program: program, dir: dir, data: filepath.Join(dir, "data"), raw: filepath.Join(dir, "raw"), kept: "keep: {last: 100000}"}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = free.Addr().String()
	return s, free.Close()
}

// configure writes the configuration, with limits that are not the usual ones.
func (s *server) configure(limits string) error {
	if limits != "" {
		limits = ", " + limits
	}
	return os.WriteFile(s.file(), fmt.Appendf(nil, configuration, s.data, s.raw, s.kept, limits, s.more), 0o600)
}

func (s *server) file() string { return filepath.Join(s.dir, "tidings.yaml") }

// start starts the program and waits until it is ready.
func (s *server) start(ctx context.Context, arguments ...string) error {
	if err := os.Remove(s.raw); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // a socket that a killed server has left
	}
	line := append([]string{s.program, "serve", "--config", s.file(), "--listen", s.address}, arguments...)
	attributes := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if s.room != "" {
		line = s.mounted(line, attributes)
	}
	s.command = exec.CommandContext(ctx, line[0], line[1:]...)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	s.command.Env = append(os.Environ(), s.env...)
	s.command.SysProcAttr = attributes
	if err := s.command.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	command := s.command
	go func() {
		defer close(ended)
		_ = command.Wait() // the exit code is in ProcessState
	}()
	if err := s.await(ctx, func() bool { return s.status(ctx, "/readyz") == http.StatusOK }); err != nil {
		s.kill()
		return fmt.Errorf("start %s: %w; its output:\n%s", s.program, err, s.tail())
	}
	return nil
}

// await asks until the server is as it should be, or has ended.
func (s *server) await(ctx context.Context, done func() bool) error {
	return await(ctx, func() (bool, error) {
		if done() {
			return true, nil
		}
		select {
		case <-s.ended:
			return false, fmt.Errorf("it ended: %v", s.command.ProcessState)
		default:
			return false, nil
		}
	})
}

// await asks every few milliseconds, until patience is over.
func await(ctx context.Context, done func() (bool, error)) error {
	return awaitProgress(ctx, func() int64 { return 0 }, done)
}

// awaitProgress is await for as long as a count changes.
func awaitProgress(ctx context.Context, count func() int64, done func() (bool, error)) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	last, since := count(), time.Now()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if now := count(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > patience {
			return fmt.Errorf("nothing happened for %v", patience)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// status returns the status of a GET, or 0.
func (s *server) status(ctx context.Context, path string) int {
	status, _ := s.get(ctx, path)
	return status
}

// get returns the status and the body of a GET, or 0.
func (s *server) get(ctx context.Context, path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+path, nil)
	if err != nil {
		return 0, ""
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(text)
}

// metric returns the value of a metric as it is written, or "".
func (s *server) metric(ctx context.Context, name string) string {
	_, text := s.get(ctx, "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kill ends the program at once.
func (s *server) kill() {
	if s.command.Process == nil {
		return // it could not be started
	}
	_ = s.command.Process.Kill() // it may have ended
	<-s.ended
}

// stop asks the program to end, and waits until it has.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w; its output:\n%s", err, s.tail())
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("the server did not stop within %v", patience)
	}
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server stopped with code %d; its output:\n%s", code, s.tail())
	}
	return nil
}

// tail returns the last lines of the output.
func (s *server) tail() string {
	lines := strings.Split(strings.TrimSpace(s.output.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// direct opens a connection to the server itself.
func (s *server) direct(ctx context.Context, w way) (net.Conn, error) {
	network, address := "tcp", s.address
	if w.transport == "rawsocket" {
		network, address = "unix", s.raw
	}
	return (&net.Dialer{Timeout: patience}).DialContext(ctx, network, address)
}
