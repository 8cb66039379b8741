package main_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/test/load/servers"
	"github.com/tidings-io/tidings/test/load/wire"
)

// The events of that many publications do not fit into the buffers of a connection.
const (
	publications = 8000
	size         = 2000
)

func TestASlowReaderLosesNoEvent(t *testing.T) {
	programs, err := servers.NewPrograms("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { programs.Remove() })
	if err := programs.Build(t.Context(), servers.Floor); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"each", "coalesce"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			floor, err := programs.Start(t.Context(), servers.Spec{Program: servers.Floor, Args: []string{"-mode", mode}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(floor.Stop)
			deliverToFastAndSlow(t, floor.Address)
		})
	}
}

func deliverToFastAndSlow(t *testing.T, address string) {
	slow := connect(t, address, wire.Client{Topics: []string{"load.topic.7"}})
	fast := connect(t, address, wire.Client{Topics: []string{"load.topic.7"}})
	other := connect(t, address, wire.Client{Topics: []string{"load.topic.8"}})
	publisher := connect(t, address, wire.Client{Role: wire.Publisher})
	var group sync.WaitGroup
	group.Go(func() {
		if err := inOrder(fast, publications); err != nil {
			t.Errorf("the fast reader: %v", err)
		}
	})
	for i := range publications {
		if _, err := publisher.conn.Write(wire.Floor{}.AppendPublish(nil, "load.topic.7", payload(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := publisher.conn.Write(wire.Floor{}.AppendPublish(nil, "load.topic.8", payload(0))); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := inOrder(slow, publications); err != nil {
		t.Errorf("the slow reader: %v", err)
	}
	if err := inOrder(other, 1); err != nil {
		t.Errorf("the reader of another topic: %v", err)
	}
}

func payload(i int) []byte { return fmt.Appendf(nil, `"%06d%s"`, i, strings.Repeat("x", size)) }

type client struct {
	conn net.Conn
	*bufio.Reader
}

// connect runs the script of the dialect, which is one request.
func connect(t *testing.T, address string, c wire.Client) client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	c.Address = address
	if _, err := conn.Write(wire.Floor{}.Script(c)[0].Send); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := response.Header.Get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; got != want {
		t.Fatalf("Sec-WebSocket-Accept: %q, want %q", got, want)
	}
	return client{conn, reader}
}

// inOrder reads that many events with long payloads.
func inOrder(c client, events int) error {
	for i := range events {
		var head [4]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		event := make([]byte, binary.BigEndian.Uint16(head[2:]))
		if _, err := io.ReadFull(c, event); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if want := fmt.Sprintf("[%s]]", payload(i)); !strings.HasPrefix(string(event), "[36,") || !strings.HasSuffix(string(event), want) {
			return fmt.Errorf("event %d: got %.80q", i, event)
		}
	}
	return nil
}
