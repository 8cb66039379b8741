//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asTidings names the environment variable that makes the test binary be the program itself.
const asTidings = "TIDINGS_TEST_AS_PROGRAM"

// process is `tidings serve` in a process of its own. Its standard error is a pipe that is read line by line, on demand.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	log *os.File // the end of the pipe that is read
	in  *bufio.Reader
	url string
}

// startProcess starts `tidings serve` with a configuration and waits until it listens.
func startProcess(t *testing.T, yaml string, change ...func(*exec.Cmd)) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "serve", "--config", file, "--listen", "127.0.0.1:0") //nolint:noctx // ended by signals
	cmd.Env = append(os.Environ(), asTidings+"=1")
	cmd.Stderr = write
	for _, c := range change {
		c(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	p := &process{t: t, cmd: cmd, log: read, in: bufio.NewReaderSize(read, 1<<20)}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // has no effect if it has ended
			_ = cmd.Wait()
		}
		read.Close()
	})
	p.url = "http://" + p.expect("listening")["address"].(string)
	return p
}

// expect reads the log until a line with the message.
func (p *process) expect(message string) (line map[string]any) {
	p.t.Helper()
	var seen []string
	for {
		text, err := p.in.ReadString('\n')
		if err != nil {
			p.t.Fatalf("the log ends (%v) without %q:\n%s", err, message, strings.Join(seen, ""))
		}
		seen = append(seen, text)
		line = nil
		if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
			return line
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ended waits for the end of the process and returns its status.
func (p *process) ended() syscall.WaitStatus {
	p.t.Helper()
	err := p.cmd.Wait()
	if p.cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

func (p *process) endedWell() {
	p.t.Helper()
	if status := p.ended(); !status.Exited() || status.ExitStatus() != 0 {
		p.t.Errorf("it ended with %v", p.cmd.ProcessState)
	}
}

// get requests a path, and returns the status and body.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	response, err := (&http.Client{Timeout: 20 * time.Second, Transport: http.DefaultClient.Transport}).Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// fill makes the server log more than its pipe and its buffer hold.
func (p *process) fill() {
	p.t.Helper()
	for i := range 1500 {
		if status, _ := p.get(fmt.Sprintf("/api/v1/nothing/%d/%s", i, strings.Repeat("x", 300))); status != 404 {
			p.t.Fatalf("request %d was answered with %d", i, status)
		}
	}
}

// dropped returns the number of dropped lines by the metric.
func (p *process) dropped() (n int) {
	p.t.Helper()
	_, metrics := p.get("/metrics")
	_, after, ok := strings.Cut(metrics, "\ntidings_log_lines_dropped_total ")
	if !ok {
		p.t.Fatal("the metric tidings_log_lines_dropped_total is missing")
	}
	if _, err := fmt.Sscan(after, &n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

const smallLog = "log: {format: json, buffer_bytes: 64KiB}\n"

func TestALogThatIsNotReadBlocksNothing(t *testing.T) {
	p := startProcess(t, smallLog)
	p.fill()
	if n := p.dropped(); n == 0 {
		t.Error("no line is counted as dropped")
	}
	line := p.expect("lines of the log were dropped, because they could not be written in time") // read again
	if n, ok := line["lines"].(float64); !ok || n < 1 {
		t.Errorf("the line says %v", line)
	}
	p.fill() // not read until the end
	p.signal(syscall.SIGTERM)
	p.endedWell()
}

func TestTheEndOfTheLogsReaderIsNotTheEndOfTheServer(t *testing.T) {
	p := startProcess(t, smallLog)
	p.log.Close()
	p.fill()
	if n := p.dropped(); n < 1000 {
		t.Errorf("%d lines are counted as dropped", n)
	}
	p.signal(syscall.SIGTERM)
	p.endedWell()
}

func TestSignalsEndTheServerInOrder(t *testing.T) {
	// A program passes on that it ignores SIGHUP, as under nohup, but not that it handles the signal.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(handled) })
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			p := startProcess(t, "log: {format: json}\n")
			p.signal(s)
			p.expect("stopped")
			p.endedWell()
		})
	}
}

// stay opens a WebSocket that never answers the close frame.
func (p *process) stay() {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n")
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(answer, "101") {
		p.t.Fatalf("%q, %v", answer, err)
	}
}

func TestASecondSignalEndsTheServerAtOnce(t *testing.T) {
	p := startProcess(t, "log: {format: json}\nwebsocket: {drain: 5m, close: 1m}\n")
	p.stay()
	p.signal(syscall.SIGTERM)
	p.expect("stopping")
	p.signal(syscall.SIGHUP) // a closed terminal may cause two; it is no second request
	p.signal(syscall.SIGTERM)
	if status := p.ended(); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", p.cmd.ProcessState)
	}
}

func TestUnderNohupAHangUpIsIgnored(t *testing.T) {
	p := startProcess(t, "log: {format: json}\n", func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
	})
	p.signal(syscall.SIGHUP)
	if status, _ := p.get("/healthz"); status != 200 {
		t.Errorf("the health is %d", status)
	}
	p.signal(syscall.SIGTERM)
	p.endedWell()
}
