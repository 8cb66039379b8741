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

	file string // of the configuration
}

// startProcess starts `tidings serve` with a configuration and waits until it listens.
func startProcess(t *testing.T, yaml string, change ...func(*exec.Cmd)) *process {
	t.Helper()
	p := prepareProcess(t, yaml, change...)
	p.ready()
	return p
}

// ready waits until the process listens.
func (p *process) ready() {
	p.t.Helper()
	p.url = "http://" + p.expect("listening")["address"].(string)
}

// prepareProcess is startProcess without the wait.
func prepareProcess(t *testing.T, yaml string, change ...func(*exec.Cmd)) *process {
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
	p := &process{t: t, cmd: cmd, log: read, in: bufio.NewReaderSize(read, 1<<20), file: file}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // has no effect if it has ended
			_ = cmd.Wait()
		}
		read.Close()
	})
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
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			p := startProcess(t, "log: {format: json}\n")
			p.signal(s)
			p.expect("stopped")
			p.endedWell()
		})
	}
}

// handleHangUp makes processes that the test starts handle SIGHUP, too: a program passes on that it ignores the signal,
// as under nohup, but not that it handles it.
func handleHangUp(t *testing.T) {
	t.Helper()
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(handled) })
}

// configure replaces the configuration file.
func (p *process) configure(yaml string) {
	p.t.Helper()
	if err := os.WriteFile(p.file, []byte(yaml), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func TestAHangUpReloadsTheConfiguration(t *testing.T) {
	handleHangUp(t)
	const keys = "log: {format: json}\napi_keys: [{name: all, key: all-0123456789abcdef, may: ['*']}]\n"
	p := startProcess(t, keys)
	publish := func() int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "POST", p.url+"/api/v1/publish", strings.NewReader(`{"topic": "a"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer all-0123456789abcdef")
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := publish(); status != 403 {
		t.Errorf("before, it is answered with %d", status)
	}
	p.configure(keys + "topics: {a: {publish: backend}}\nrealm: other\n")
	p.signal(syscall.SIGHUP)
	if line := p.expect("the configuration was read again"); line["applied"] != "topics" || line["restart"] != "realm" {
		t.Errorf("the log says %v", line)
	}
	if status := publish(); status != 200 {
		t.Errorf("after, it is answered with %d", status)
	}
	p.configure(keys + "topics: {a: {publish: nonsense}}\nrealm: ''\n")
	p.signal(syscall.SIGHUP)
	for _, position := range []string{":3:23", ":4:8"} {
		if line := p.expect("a mistake in the configuration"); !strings.HasSuffix(line["position"].(string), position) {
			t.Errorf("instead of %s the log names %v", position, line)
		}
	}
	if line := p.expect("the configuration was refused, and the former one goes on"); line["mistakes"] != 2.0 {
		t.Errorf("the log says %v", line)
	}
	if status := publish(); status != 200 {
		t.Errorf("after the refusal, it is answered with %d", status)
	}
	p.signal(syscall.SIGTERM)
	p.endedWell()
}

func TestTheCommandReloadNamesWhatNeedsARestartAndAllMistakes(t *testing.T) {
	const keys = "log: {format: json}\napi_keys: [{name: all, key: all-0123456789abcdef, may: [reload]}, {name: few, key: few-0123456789abcdef, may: [publish]}]\n"
	p := startProcess(t, keys)
	reload := func(key string, flags ...string) (code int, out, errs string) {
		t.Helper()
		var printed, complained strings.Builder
		code = run(t.Context(), streams{out: &printed, err: &complained}, append([]string{"reload", "--server", p.url, "--key", key}, flags...))
		return code, printed.String(), complained.String()
	}
	p.configure(keys + "limits: {message_rate: 7, kept_topics: 9}\n")
	if code, out, errs := reload("all-0123456789abcdef"); code != exitOK || !strings.HasPrefix(out, "applied: limits.message_rate\nneeds a restart: limits.kept_topics\n") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	if code, out, _ := reload("all-0123456789abcdef"); code != exitOK || !strings.HasPrefix(out, "needs a restart: limits.kept_topics\n") {
		t.Errorf("again: %d, %q", code, out)
	}
	if code, out, _ := reload("all-0123456789abcdef", "--json"); code != exitOK || !strings.Contains(out, `"restart":["limits.kept_topics"]`) {
		t.Errorf("as JSON: %d, %q", code, out)
	}
	p.configure(keys + "limits: {message_rate: many}\nrealm: ''\n")
	code, out, errs := reload("all-0123456789abcdef")
	if code != exitFailed || out != "" || !strings.Contains(errs, "tidings.yaml:3:24: message_rate must be") || !strings.Contains(errs, "tidings.yaml:4:8: realm") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	if code, _, errs := reload("few-0123456789abcdef"); code != exitFailed || !strings.Contains(errs, `lacks the scope "reload"`) {
		t.Errorf("%d, %q", code, errs)
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

func TestASecondSignalShortensTheDrainAndAThirdEndsTheServerAtOnce(t *testing.T) {
	handleHangUp(t)
	start := func(end string) *process {
		p := startProcess(t, "log: {format: json}\nwebsocket: {drain: 5m, hello: 5m, close: "+end+"}\n")
		p.stay()
		p.signal(syscall.SIGTERM)
		p.expect("stopping")
		if status, body := p.get("/readyz"); status != 503 || !strings.Contains(body, "draining") {
			t.Errorf("the readiness is %d %s", status, body)
		}
		p.signal(syscall.SIGHUP) // it asks for a reload, which is too late
		p.expect("the configuration cannot be read again, and the former one goes on")
		p.signal(syscall.SIGTERM)
		return p
	}
	start("1s").endedWell()
	p := start("1m")
	p.expect("ending the sessions that are left at once")
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
