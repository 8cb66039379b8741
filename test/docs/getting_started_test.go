package docs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/test/docs"
)

const gettingStarted = "docs/getting-started.md"

// The page's files are a server and an application that work together, and its commands run against that server.
func TestGettingStartedLeadsToAnApplicationThatWorks(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is missing")
	}
	shop := startShop(t)
	for _, block := range blocks(t, "console") {
		if block.File == gettingStarted {
			for _, command := range block.Commands() {
				t.Run(block.String(), func(t *testing.T) { check(t, shop, command) })
			}
		}
	}
	application := shop.startApplication(t)
	if page := application.send(t, "GET", "/?user=ann", ""); !strings.Contains(page, shop.url) {
		t.Errorf("the page is %s", page)
	}
	ben := application.connect(t, "ben")
	changes := make(chan *client.Event, 10)
	if _, err := ben.Subscribe(t.Context(), "tidings.content.order.42", func(e *client.Event) { changes <- e }, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ben.Subscribe(t.Context(), "user.ben.flash", func(*client.Event) {}, nil); err != nil {
		t.Error(err)
	}
	presence := client.Kwargs(map[string]any{"record": "order.42", "mode": "edit"})
	if _, err := ben.Call(t.Context(), "tidings.presence.enter", presence, nil); err != nil {
		t.Error(err)
	}
	application.send(t, "PUT", "/order?user=ann", "Deliver at noon.")
	if author := fmt.Sprint((<-changes).Kwargs["author"]); !strings.Contains(author, "Ann Miller") {
		t.Errorf("the author is %s", author)
	}
	if note := application.send(t, "GET", "/order?user=ben", ""); note != "Deliver at noon." {
		t.Errorf("the note is %q", note)
	}
}

// startShop starts a server with the page's configuration, in a folder with the page's files.
func startShop(t *testing.T) *demo {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary and starts a server; runs without -short")
	}
	built, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	shop := &demo{folder: t.TempDir()}
	if err := os.Symlink(built, filepath.Join(shop.folder, "tidings")); err != nil {
		t.Fatal(err)
	}
	shop.write(t, "tidings.yaml", block(t, "yaml").Text)
	server := exec.Command("./tidings", "serve", "--listen", "127.0.0.1:0", "--set", "log.format=json")
	server.Dir, server.Env = shop.folder, os.Environ()
	for name, value := range variables {
		server.Env = append(server.Env, name+"="+value)
	}
	log := begin(t, server, server.StderrPipe)
	var line struct{ Msg, Address string }
	for line.Msg != "listening" {
		text, err := log.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the server did not log its address: %v", err)
		}
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatalf("the server logged %s: %v", text, err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	shop.url = "http://" + line.Address
	return shop
}

// begin starts a process, which runs until the test ends, and returns a reader of one of its outputs.
func begin(t *testing.T, process *exec.Cmd, output func() (io.ReadCloser, error)) *bufio.Reader {
	t.Helper()
	pipe, err := output()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM) // a process that has ended before is reported by the test
		var exit *exec.ExitError
		if err := process.Wait(); err != nil && !errors.As(err, &exit) {
			t.Error(err)
		}
	})
	return bufio.NewReader(pipe)
}

// block returns the only block of a language in the page.
func block(t *testing.T, language string) docs.Block {
	t.Helper()
	var found []docs.Block
	for _, b := range blocks(t, language) {
		if b.File == gettingStarted {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks of %s", gettingStarted, len(found), language)
	}
	return found[0]
}

func (d *demo) write(t *testing.T, name, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, "http://127.0.0.1:8080", d.url)
	if err := os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// application is the page's backend, which has a port of its own in the test.
type application struct{ url, server string }

func (d *demo) startApplication(t *testing.T) application {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	d.write(t, "tidings.mjs", page(t, "backends/node/tidings.mjs"))
	d.write(t, "index.html", block(t, "html").Text)
	d.write(t, "app.mjs", strings.ReplaceAll(block(t, "js").Text, "3000", port))
	node := exec.Command("node", "app.mjs")
	node.Dir, node.Env, node.Stderr = d.folder, os.Environ(), os.Stderr
	for name, value := range variables {
		node.Env = append(node.Env, name+"="+value)
	}
	if line, err := begin(t, node, node.StdoutPipe).ReadString('\n'); err != nil || !strings.Contains(line, port) {
		t.Fatalf("the application printed %q: %v", line, err)
	}
	return application{url: "http://localhost:" + port, server: d.url}
}

// connect connects to the server as a user of the application, with a ticket of the application.
func (a application) connect(t *testing.T, user string) *client.Client {
	t.Helper()
	ticket := func(context.Context) (string, error) {
		var answer struct{ Ticket string }
		err := json.Unmarshal([]byte(a.send(t, "POST", "/ticket?user="+user, "")), &answer)
		return answer.Ticket, err
	}
	c, err := client.Connect(t.Context(), client.Config{URL: a.server, Auth: client.Ticket(ticket)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (a application) send(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.url+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s %v", method, path, answer.Status, text, err)
	}
	return string(text)
}
