package servers

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tidings-io/tidings/test/load/wire"
)

const (
	// startWithin and stopWithin bound how long a server may take to accept connections, and to end when
	// it is asked to, before it is made to.
	startWithin = 20 * time.Second
	stopWithin  = 5 * time.Second
)

// Spec says which server to start, and how.
type Spec struct {
	Program    string
	Args       []string
	Encryption Encryption
}

// Encryption says whether a server speaks TLS.
type Encryption uint8

// Whether it does.
const (
	Plain Encryption = iota
	TLS
)

// Server is one process under measurement.
type Server struct {
	Address string
	TLS     *tls.Config // for its clients; nil: it speaks in plain

	command *exec.Cmd
	dir     string
	output  bytes.Buffer
	ended   chan struct{}
}

// Start starts a server on a free port of loopback, on a core of its own, and waits until it accepts.
func (p *Programs) Start(ctx context.Context, spec Spec) (*Server, error) {
	dir, err := os.MkdirTemp(p.dir, "server-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a server: %w", err)
	}
	s := &Server{dir: dir, ended: make(chan struct{})}
	if err := s.start(ctx, p.paths[spec.Program], spec); err != nil {
		_ = os.RemoveAll(dir) // the folder around it goes as well
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	if err := s.waitUntilItAccepts(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start %s: %w; it said:\n%s", spec.Program, err, s.output.Bytes())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, path string, spec Spec) error {
	var err error
	if s.Address, err = freeAddress(); err != nil {
		return err
	}
	args := []string{"-listen", s.Address, "-secret", wire.Secret}
	if spec.Program == Tidings {
		file := filepath.Join(s.dir, "tidings.yaml")
		if s.TLS, err = configure(file, spec.Encryption); err != nil {
			return err
		}
		args = []string{"serve", "--config", file, "--listen", s.Address}
	}
	s.command = exec.CommandContext(ctx, path, append(args, spec.Args...)...)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	s.command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // an interrupt at the terminal is ours to handle
		Pdeathsig: syscall.SIGKILL, // what is left over would disturb the next run
	}
	if err := onServerCore(s.command.Start); err != nil {
		return err
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait() // it was told to end; if it was not, its clients notice
	}()
	return nil
}

// freeAddress asks the system for a port; it is free again when the server takes it.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) waitUntilItAccepts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not listen on %s within %s", s.Address, startWithin)
		case <-s.ended:
			return fmt.Errorf("it ended by itself")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// lastWords is how much of what a server said is quoted.
const lastWords = 500

// LastWords stops the server and gives the end of what it said.
func (s *Server) LastWords() string {
	s.Stop()
	said := s.output.String()
	return said[max(len(said)-lastWords, 0):]
}

// Stop ends the process. Its clients should be gone, so that it has nothing to wait for.
func (s *Server) Stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(stopWithin):
		_ = s.command.Process.Kill() // it may have ended by now
		<-s.ended
	}
	_ = os.RemoveAll(s.dir) // the folder around it goes as well
}
