package conformance_test

import (
	"bufio"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Unmodified clients take any GOODBYE and ABORT as the end of all reconnecting. Pages stayed away for good after a
// restart of the server that was announced, and came back after a crash.
func TestClientsComeBackAfterAPoliteRestart(t *testing.T) {
	needsNode(t)
	for _, library := range []string{"autobahn", "wampy"} {
		t.Run(library, func(outer *testing.T) {
			outer.Parallel()
			address := freeAddress(outer)
			configuration := strings.Replace(permissive, "127.0.0.1:0", address, 1)
			var sessions <-chan string
			serve := func(name string) { // until the subtest ends
				outer.Run(name, func(t *testing.T) {
					startServer(t, configuration)
					if sessions == nil {
						sessions = reconnecting(outer, library, "ws://"+address+"/ws")
					}
					select {
					case line, open := <-sessions:
						if !open || line != "joined" {
							t.Fatalf("the client says %q and goes on: %v", line, open)
						}
					case <-time.After(patience):
						t.Fatal("the client does not join")
					}
				})
			}
			serve("before")
			serve("after a restart")
			serve("after another one")
		})
	}
}

// reconnecting starts a client that says a line for each of its sessions. It ends with the outermost test.
func reconnecting(t *testing.T, library, url string) <-chan string {
	t.Helper()
	c := exec.Command("node", "peers/returns.mjs", library, url, realm) //nolint:noctx,gosec // ends with its standard input; the command is ours
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	c.Stderr = &complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		in.Close()
		for line := range lines {
			t.Logf("%s: %s", library, line)
		}
		if err := c.Wait(); err != nil || t.Failed() {
			t.Errorf("%s ended with %v and said:\n%s", library, err, complaints.String())
		}
	})
	return lines
}

// freeAddress returns an address of loopback that a server can listen at twice.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
