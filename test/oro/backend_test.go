//go:build unix

package oro_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
)

// backend is a process of backend.php.
type backend struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	address string
}

// versions are those of Oro that ask, read or write differently.
var versions = []string{"4.2", "5.1.1", "5.1.3", "7.0"}

// startBackend starts PHP, which runs until the test ends.
func startBackend(t *testing.T, address string) *backend {
	t.Helper()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Skip("SKIPPED: no php. Install it (Debian: apt-get install php-cli).")
	}
	command := exec.Command(path, "backend.php")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	command.Stdout = writer
	p := run(t, command)
	go func() {
		<-p.ended
		_ = writer.Close() // never fails
	}()
	t.Cleanup(func() { _ = in.Close() }) // PHP may have ended
	return &backend{t, in, bufio.NewReader(reader), address}
}

// answer is what the program says to a command.
type answer struct {
	Error, Status, Ticket, Session, Answer string
	Failures                               []string
	Reconnects                             int
	Ended, Connected                       bool
	Seconds, Slowest                       float64
}

// options are members of a command.
type options map[string]any

// do runs a command.
func (b *backend) do(command string, more options) answer {
	b.t.Helper()
	all := options{"do": command, "address": b.address, "secret": secret, "path": "/", "version": "7.0"}
	for name, value := range more {
		all[name] = value
	}
	line, err := json.Marshal(all)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		b.t.Fatal(err)
	}
	text, err := b.out.ReadBytes('\n')
	var said answer
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil {
		b.t.Fatalf("%s: %v: %s", line, err, text)
	}
	return said
}

// must runs a command that succeeds.
func (b *backend) must(command string, more options) answer {
	b.t.Helper()
	said := b.do(command, more)
	if said.Error != "" {
		b.t.Fatalf("%s %v: %s %s", command, more, said.Error, said.Status)
	}
	return said
}

// publish publishes a payload, which is JSON. Objects stay objects.
func (b *backend) publish(topic, payload string) {
	b.t.Helper()
	b.must("publish", options{"topic": topic, "payload": payload})
}
