// Command start runs the example applications and their server, each at a port that the system chooses, until it is
// interrupted. It must be called in the root of the repository; `make examples` does that.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// program is a part of the examples.
type program struct {
	name    string
	command []string
	env     []string
}

// started describes a running program. It is printed with -json.
type started struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	PID  int    `json:"pid"`
}

// patience limits the time until a program prints its address.
const patience = time.Minute

func main() {
	asJSON := flag.Bool("json", false, "print one JSON object for each program")
	binary := flag.String("tidings", filepath.Join("bin", "tidings"), "the server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *binary, *asJSON); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, binary string, asJSON bool) (err error) {
	folder, err := os.MkdirTemp("", "tidings-examples-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var running sync.WaitGroup
	defer running.Wait() // all end with ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	// The pages and the server need each other's addresses, so the server's port is chosen first.
	tidingsPort, portErr := freePort()
	phpPort, err := freePort()
	if err := errors.Join(portErr, err); err != nil {
		return err
	}
	env := append(os.Environ(), "TMPDIR="+folder, "PORT=0", "TIDINGS_URL=http://127.0.0.1:"+tidingsPort,
		"TIDINGS_SECRET="+rand.Text()+rand.Text(), "ORDERS_KEY="+rand.Text())
	goApp := filepath.Join(folder, "orders")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", goApp, "./examples/orders/go").CombinedOutput(); err != nil {
		return fmt.Errorf("build the example in Go: %w\n%s", err, out)
	}
	var origins []string
	report := func(s started) {
		if asJSON {
			_ = json.NewEncoder(os.Stdout).Encode(s)
		} else {
			fmt.Printf("%-8s %s\n", s.Name, s.URL)
		}
	}
	for _, p := range []program{
		// One process: workers (PHP_CLI_SERVER_WORKERS) would outlive it.
		{"php", []string{"php", "-S", "127.0.0.1:" + phpPort, "examples/orders/php/index.php"}, env},
		{"python", []string{"python3", "examples/orders/python/app.py"}, env},
		{"node", []string{"node", "examples/orders/node/app.mjs"}, env},
		{"go", []string{goApp}, env},
	} {
		if _, err := exec.LookPath(p.command[0]); err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: the example in %s, because %s is missing\n", p.name, p.command[0])
			continue
		}
		s, err := p.start(ctx, &running, stop)
		if err != nil {
			return err
		}
		origins = append(origins, strings.TrimSuffix(s.URL, "/"))
		report(s)
	}
	server := program{
		"tidings",
		[]string{binary, "serve", "--config", "examples/orders/tidings.yaml", "--listen", "127.0.0.1:" + tidingsPort},
		append(env, "TIDINGS_ORIGINS="+strings.Join(origins, ",")),
	}
	// The applications go on without their server: saving must work then, too.
	s, err := server.start(ctx, &running, func() {
		fmt.Fprintln(os.Stderr, "the server has ended; the applications go on without it")
	})
	if err != nil {
		return err
	}
	report(s)
	if !asJSON {
		fmt.Println("\nOpen an address in two browsers, once as Ann and once as Ben. Ctrl-C ends all.")
	}
	<-ctx.Done()
	return nil
}

// freePort returns a port that is free at the moment.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// start runs the program until ctx ends, and returns when it has printed its address. It calls ended if the program
// ends before.
func (p program) start(ctx context.Context, running *sync.WaitGroup, ended func()) (started, error) {
	command := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	command.Env = p.env
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 20 * time.Second // more than the server's drain
	read, write, err := os.Pipe()
	if err != nil {
		return started{}, err
	}
	command.Stdout, command.Stderr = write, write
	if err := errors.Join(command.Start(), write.Close()); err != nil {
		return started{}, fmt.Errorf("start %s: %w", p.name, err)
	}
	found := make(chan string, 1)
	running.Go(func() {
		defer read.Close()
		for lines := bufio.NewReader(read); ; {
			line, err := lines.ReadString('\n')
			if at := address.FindString(line); at != "" {
				select {
				case found <- at:
				default:
				}
			}
			_, _ = io.WriteString(os.Stderr, line)
			if err != nil {
				close(found)
				return
			}
		}
	})
	running.Go(func() {
		err := command.Wait()
		if ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "%s has ended: %v\n", p.name, err)
			ended()
		}
	})
	select {
	case at, running := <-found:
		if running {
			return started{p.name, "http://" + at + "/", command.Process.Pid}, nil
		}
		return started{}, fmt.Errorf("%s ended before it printed its address", p.name)
	case <-time.After(patience):
		return started{}, fmt.Errorf("%s printed no address in %v", p.name, patience)
	}
}
