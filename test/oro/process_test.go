//go:build unix

// Package oro_test runs the real server between the clients of an OroPlatform application: a backend in PHP and pages in
// Chromium, both written from a description of what Oro's own do.
package oro_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	root = "../.."
	// patience limits what has to come.
	patience = time.Minute
	pause    = 5 * time.Millisecond // between two looks at what has to come
)

// output keeps what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a running program.
type process struct {
	*exec.Cmd
	out   output
	ended chan struct{} // closed at its end
	err   error         // of its end, once ended is closed
}

// run starts a program, which runs until the test ends at the latest.
func run(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: command, ended: make(chan struct{})}
	if command.Stdout == nil {
		command.Stdout = &p.out
	}
	command.Stderr = &p.out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
		<-p.ended
		if t.Failed() {
			t.Logf("%s printed:\n%.20000s", filepath.Base(command.Path), p.out.String())
		}
	})
	return p
}

// eventually waits until ready reports true.
func eventually(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ready(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// built is the folder of the binary.
var built string

var program = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("TIDINGS_BINARY"); named != "" {
		return named, nil
	}
	path := filepath.Join(built, "tidings")
	build := exec.Command("go", "build", "-o", path, "./cmd/tidings")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "tidings-oro-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.DefaultClient.Transport = &http.Transport{DisableKeepAlives: true} // the server may be another one by then
	code := m.Run()
	if err := os.RemoveAll(built); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// server is the real server. It keeps its address when it is started again.
type server struct {
	address string
	file    string
	*process
}

// serve starts a server, and waits until it is ready. Its configuration has no listen.
func serve(t *testing.T, configuration string) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary and starts programs; runs without -short")
	}
	s := &server{address: freeAddress(t), file: filepath.Join(t.TempDir(), "tidings.yaml")}
	configuration += "\nlisten: " + s.address + "\n"
	if err := os.WriteFile(s.file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *server) start(t *testing.T) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s.process = run(t, exec.Command(path, "serve", "--config", s.file))
	eventually(t, "the server is ready", func() bool {
		select {
		case <-s.ended:
			t.Fatalf("the server ended: %v\n%s", s.err, s.out.String())
		default:
		}
		answer, err := http.Get("http://" + s.address + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// stop ends the server as a service manager does, and waits for its end.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
		if s.err != nil {
			t.Errorf("the server ended: %v", s.err)
		}
	case <-time.After(patience):
		t.Fatal("the server does not end")
	}
}

// lines returns the lines of the server's log with a text.
func (s *server) lines(text string) (found []string) {
	for line := range strings.SplitSeq(s.out.String(), "\n") {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
