package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/bench"
)

func TestReasonsAreCountedWithoutPortsAndAddresses(t *testing.T) {
	var tally bench.Tally
	for port := range 3 {
		tally.Add(fmt.Errorf("connect: %w", &net.OpError{
			Op: "read", Net: "tcp", Addr: &net.TCPAddr{Port: port}, Err: syscall.ECONNRESET,
		}))
	}
	tally.Add(errors.New("odd"))
	tally.Add(errors.New("an odd one"))
	want := []bench.Reason{{"read: connection reset by peer", 3}, {"an odd one", 1}, {"odd", 1}}
	if diff := cmp.Diff(want, tally.Reasons()); diff != "" {
		t.Error(diff)
	}
}

func TestReasonsNameTheSettingToLookAt(t *testing.T) {
	for want, err := range map[string]error{
		"this machine lets the bench open no more files":               &net.OpError{Op: "dial", Err: syscall.EMFILE},
		"this machine has no more ports for connections to the server": &net.OpError{Op: "dial", Err: syscall.EADDRNOTAVAIL},
		"the server is full or stopping (503): see limits.connections": errors.New("open WebSocket: server answered 503 Service Unavailable: {}"),
		"the server did not answer in time":                            fmt.Errorf("join: %w", context.DeadlineExceeded),
		"the server dropped it":                                        fmt.Errorf("connection lost: %w", io.EOF),
		"the server closed it as slow (1013): what waited for it was more than limits.outbox_bytes or limits.outbox_frames": errors.New("server closed the connection: 1013 slow"),
	} {
		var tally bench.Tally
		tally.Add(err)
		if got := tally.Reasons(); got[0].Reason != want {
			t.Errorf("%v: %q", err, got[0].Reason)
		}
	}
}

func TestRareReasonsAreSummedUp(t *testing.T) {
	var tally bench.Tally
	for i := range 100 {
		tally.Add(fmt.Errorf("reason %d", i))
	}
	got := tally.Reasons()
	if last := got[len(got)-1]; len(got) != bench.MaxReasons || last != (bench.Reason{Reason: "other reasons", Count: 100 - bench.MaxReasons + 1}) {
		t.Errorf("%v", got)
	}
}
