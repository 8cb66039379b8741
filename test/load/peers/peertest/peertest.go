// Package peertest tests that a peer and its dialect understand each other. It builds and starts the peer's real
// program, on loopback.
package peertest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/test/load/wire"
)

const (
	publications = 100
	topic        = "com.example.news"
	patience     = 30 * time.Second
)

// Delivers fails the test unless a subscriber receives each publication once, and its meter counts that for every cut
// of the bytes.
func Delivers(t *testing.T, dialect wire.Dialect) {
	address := start(t, wire.Secret)
	subscriber, publisher := dial(t, address), dial(t, address)
	for _, c := range []struct {
		conn net.Conn
		wire.Client
	}{
		{subscriber, wire.Client{Role: wire.Subscriber, Number: 0, Address: address, Topics: []string{"com.example.other", topic}}},
		{publisher, wire.Client{Role: wire.Publisher, Number: 1, Address: address}},
	} {
		if err := speak(c.conn, dialect.Script(c.Client)); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, publisher, dialect)
	meter, received := count(t, subscriber, dialect.Meter())
	if meter != publications {
		t.Errorf("the meter counted %d events, want %d", meter, publications)
	}
	byByte, bytewise := dialect.Meter(), 0
	for i := range received {
		n, err := byByte.Count(received[i : i+1])
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		bytewise += n
	}
	if bytewise != publications {
		t.Errorf("byte by byte the meter counted %d events, want %d", bytewise, publications)
	}
}

// Refuses fails the test unless the peer refuses clients whose ticket is not signed with its key.
func Refuses(t *testing.T, dialect wire.Dialect) {
	address := start(t, "another key, which is as long as it should be")
	for _, role := range []wire.Role{wire.Subscriber, wire.Publisher} {
		client := wire.Client{Role: role, Number: int(role), Address: address, Topics: []string{topic}}
		if err := speak(dial(t, address), dialect.Script(client)); err == nil {
			t.Errorf("role %d logged in with a ticket that another key signed", role)
		}
	}
}

// start builds and runs the program of the test's package and returns its address.
func start(t *testing.T, secret string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "peer")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as package servers builds it
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the peer: %v\n%s", err, out)
	}
	peer := exec.CommandContext(t.Context(), program, "-listen", "127.0.0.1:0", "-secret", secret)
	out, err := peer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Wait() }) // the end of the context has killed it, which Wait reports as an error
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the peer printed %q: %v", line, err)
	}
	return address
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// speak runs a script.
func speak(conn net.Conn, script []wire.Step) error {
	var received []byte
	for i, step := range script {
		if _, err := conn.Write(step.Send); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		for {
			consumed, err := step.Answered(received)
			if err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
			if consumed > 0 {
				received = received[consumed:]
				break
			}
			if received, err = read(conn, received); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
	}
	return nil
}

func read(conn net.Conn, received []byte) ([]byte, error) {
	var piece [4096]byte
	n, err := conn.Read(piece[:])
	return append(received, piece[:n]...), err
}

func publish(t *testing.T, publisher net.Conn, dialect wire.Dialect) {
	t.Helper()
	var all []byte
	for i := range publications {
		all = dialect.AppendPublish(all, topic, fmt.Appendf(nil, `"publication %d, with a & and a +"`, i))
	}
	if _, err := publisher.Write(all); err != nil {
		t.Fatal(err)
	}
}

// count reads until the meter has counted every publication.
func count(t *testing.T, subscriber net.Conn, meter wire.Meter) (events int, received []byte) {
	t.Helper()
	for events < publications {
		before := len(received)
		var err error
		if received, err = read(subscriber, received); err != nil {
			t.Fatalf("after %d events: %v", events, err)
		}
		n, err := meter.Count(received[before:])
		if err != nil {
			t.Fatalf("after %d events: %v", events, err)
		}
		events += n
	}
	return events, received
}
