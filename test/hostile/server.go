//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// contracts is the configuration of the attacked server. It has everything that the attacks use, and limits as they
// come, but for the rate of messages and the room for what is kept. A server that makes attackers wait, or may grow,
// would hide what their messages cost.
const contracts = `
realm: app
longpoll: true
rawsocket: [{listen: "unix://%s"}]
auth:
  anonymous: {role: guest}
  users:
    - {authid: ann, wampcra: {key: "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=", salt: salt}}
limits: {message_rate: 1000000, message_burst: 1000000, kept_bytes: 16MiB}
topics:
  open.{n}: {subscribe: "true", publish: "true"}
  kept.{n}: {subscribe: "true", publish: "true", keep: 1000}
  other.{n}: {subscribe: "true", publish: "true", keep: 1}
  checked.{n}: {subscribe: "true", publish: "true", payload: {schema: schema.json}}
procedures:
  open.{n}: {call: "true", register: "true"}
presence:
  record.{id}: {enter: "true", see: "true"}
`

// schema is the JSON Schema of checked topics.
const schema = `{
  "type": "object",
  "properties": {
    "id": {"type": "integer", "minimum": 1},
    "records": {"type": "array", "items": {"type": "object", "required": ["id", "name"], "properties": {
      "id": {"type": "integer"}, "name": {"type": "string", "maxLength": 100}, "paid": {"type": "boolean"}
    }}},
    "price": {"type": "number", "multipleOf": 0.01},
    "lines": {"type": "array", "items": {"type": "string", "pattern": "^(a+)+$"}},
    "set": {"type": "array", "uniqueItems": true},
    "mail": {"type": "string", "format": "email"}
  }
}`

// server is one attacked process.
type server struct {
	address   string
	rawSocket string
	tls       *tls.Config // of its clients; nil: no TLS
	command   *exec.Cmd
	output    bytes.Buffer
	ended     chan struct{}
	dir       string
}

// sockets tells how the server serves its connections.
type sockets struct {
	kind string // websocket.sockets
	tls  bool
}

// String returns the name of a subtest.
func (k sockets) String() string {
	if k.tls {
		return k.kind + "/tls"
	}
	return k.kind + "/plain"
}

// startServer starts the program and waits until it is ready.
func startServer(ctx context.Context, program string, kind sockets) (*server, error) {
	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, rawSocket: filepath.Join(dir, "raw"), ended: make(chan struct{})}
	if err := s.start(ctx, program, kind); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := s.waitReady(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("start %s: %w; its output:\n%s", program, err, s.output.Bytes())
	}
	return s, nil
}

func (s *server) start(ctx context.Context, program string, kind sockets) error {
	configuration := fmt.Sprintf(contracts, s.rawSocket) + "websocket: {sockets: " + kind.kind + "}\n"
	if kind.tls {
		configuration += "tls: {cert: cert.pem, key: key.pem}\n"
		var err error
		if s.tls, err = certify(s.dir); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"tidings.yaml": configuration, "schema.json": schema} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = free.Addr().String()
	if err := free.Close(); err != nil {
		return err
	}
	s.command = exec.CommandContext(ctx, program, "serve", "--config", filepath.Join(s.dir, "tidings.yaml"), "--listen", s.address)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait() // the exit code is in ProcessState
	}()
	return nil
}

// waitReady asks for /readyz until it answers.
func (s *server) waitReady(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range 2000 {
		if s.healthy(ctx) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-s.ended:
			return fmt.Errorf("it ended: %v", s.command.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("it was not ready in time")
}

func (s *server) healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	scheme := "http://"
	if s.tls != nil {
		scheme = "https://"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+s.address+"/readyz", nil)
	if err != nil {
		return false
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: s.tls, DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the process.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.command.Process.Kill()
		<-s.ended
	}
	_ = os.RemoveAll(s.dir)
}
