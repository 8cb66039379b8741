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
	// startTimeout and stopTimeout limit how long a server may take to accept connections, and to end after SIGTERM
	// before it is killed.
	startTimeout = 20 * time.Second
	stopTimeout  = 5 * time.Second
)

// Spec describes a server to start.
type Spec struct {
	Program    string
	Args       []string
	Encryption Encryption
	Keep       Keep // of Tidings
}

// Keep selects what a server keeps of publications.
type Keep uint8

// The values of Keep.
const (
	KeepNothing Keep = iota
	KeepInMemory
	KeepOnDisk // each publication is on the disk before it is acknowledged
)

// Encryption selects whether a server uses TLS.
type Encryption uint8

// The values of Encryption.
const (
	Plain Encryption = iota
	TLS
)

// Server is one measured process.
type Server struct {
	Address string
	TLS     *tls.Config // for its clients; nil: no TLS

	command *exec.Cmd
	path    string
	args    []string
	dir     string
	output  bytes.Buffer
	ended   chan struct{}
}

// Start starts a server on a free port of loopback, on its own core, and waits until it accepts connections.
func (p *Programs) Start(ctx context.Context, spec Spec) (*Server, error) {
	dir, err := os.MkdirTemp(p.dir, "server-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a server: %w", err)
	}
	s := &Server{path: p.paths[spec.Program], dir: dir}
	if err = s.prepare(spec); err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		_ = os.RemoveAll(dir) // Programs.Remove removes the folder above anyway
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	return s, nil
}

// prepare finds an address, and writes what the server reads at its start.
func (s *Server) prepare(spec Spec) (err error) {
	if s.Address, err = freeAddress(); err != nil {
		return err
	}
	s.args = []string{"-listen", s.Address, "-secret", wire.Secret}
	if spec.Program == Tidings {
		file := filepath.Join(s.dir, "tidings.yaml")
		if s.TLS, err = configure(file, spec); err != nil {
			return err
		}
		s.args = []string{"serve", "--config", file, "--listen", s.Address}
	}
	s.args = append(s.args, spec.Args...)
	return nil
}

// start starts the process and waits until it accepts connections.
func (s *Server) start(ctx context.Context) error {
	if err := s.launch(ctx); err != nil {
		return err
	}
	if err := s.waitForListener(ctx); err != nil {
		s.Kill()
		return fmt.Errorf("%w; its output:\n%s", err, s.output.Bytes())
	}
	return nil
}

// launch starts the process.
func (s *Server) launch(ctx context.Context) error {
	command, ended := exec.CommandContext(ctx, s.path, s.args...), make(chan struct{})
	s.command, s.ended = command, ended
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	s.command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // an interrupt at the terminal goes to the harness only
		Pdeathsig: syscall.SIGKILL, // a server that outlives the harness would disturb the next run
	}
	if err := onServerCore(command.Start); err != nil {
		return err
	}
	go func() {
		defer close(ended)
		_ = command.Wait() // Stop has ended it; if it failed, its clients notice
	}()
	return nil
}

// freeAddress returns a free port of loopback. The port is released before the server takes it.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) waitForListener(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not listen on %s within %s", s.Address, startTimeout)
		case <-s.ended:
			return fmt.Errorf("it ended by itself")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// logTailBytes limits the quoted end of a server's output.
const logTailBytes = 500

// LogTail stops the server and returns the end of its output.
func (s *Server) LogTail() string {
	s.Stop()
	output := s.output.String()
	return output[max(len(output)-logTailBytes, 0):]
}

// Kill ends the process without warning, so that it keeps only what is in its folder.
func (s *Server) Kill() {
	_ = s.command.Process.Kill() // fails if it has already ended
	<-s.ended
}

// Restart starts the server again after Kill, with the same address, configuration and folder. CPU time counts from 0.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("start the server again: %w", err)
	}
	return nil
}

// Stop ends the process. Close its clients before, so that it has nothing to wait for.
func (s *Server) Stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // fails if it has already ended
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		s.Kill()
	}
	_ = os.RemoveAll(s.dir) // Programs.Remove removes the folder above anyway
}
