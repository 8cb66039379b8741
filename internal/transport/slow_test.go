package transport_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
)

// stuff queues more for a conversation than any socket takes.
func stuff(conv *echoing, megabytes int) {
	block := framed(conv.info.Binary, strings.Repeat("x", 1<<20))
	for range megabytes {
		conv.send(block)
	}
}

func TestASlowReaderDelaysNoOtherClientAndIsDropped(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{
		Handler: handler, Writers: 1, Limits: transport.Limits{Write: 300 * time.Millisecond},
	})
	slow := s.dial(t)
	stuff(handler.all()[0], 32)
	quick := s.dial(t)
	for range 100 {
		quick.send(masked(fin|opText, "tick"))
		quick.wants(fin|opText, "tick")
	}
	if reason := handler.goneWith(t); reason != "slow" {
		t.Errorf("the conversation was told %s", reason)
	}
	if _, err := io.Copy(io.Discard, slow.nc); err == nil {
		t.Error("the slow connection ended as if all were well")
	}
	quick.send(masked(fin|opText, "tock"))
	quick.wants(fin|opText, "tock")
	quick.nc.Close()
	handler.goneWith(t)
	s.stop()
	stats := s.Stats()
	if stats.Closed[transport.Closed{Reason: outbox.CloseSlow, Code: 1006}] != 1 || stats.WrittenSlowly == 0 {
		t.Errorf("counted %+v", stats)
	}
}

func TestAReaderThatIsOnlyLateGetsEverythingInOrder(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	late := s.dial(t)
	conv := handler.all()[0]
	const count = 3000
	for i := range count {
		conv.send(framed(conv.info.Text, strings.Repeat("x", i*7)))
	}
	for i := range count {
		if g := late.receive(); len(g.payload) != i*7 {
			t.Fatalf("message %d has %d bytes, want %d", i, len(g.payload), i*7)
		}
	}
	late.send(masked(fin|opText, "and back with the shard"))
	late.wants(fin|opText, "and back with the shard")
}

func TestAConversationThatEndsWhileItsClientIsSlowIsClosedInTime(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Limits: transport.Limits{Close: 200 * time.Millisecond, Write: time.Minute}})
	client := s.dial(t)
	conv := handler.all()[0]
	stuff(conv, 32)
	client.send(masked(3, "a violation, whose close frame cannot be written"))
	if reason := handler.goneWith(t); reason != "protocol_violation" {
		t.Errorf("the conversation was told %s", reason)
	}
	s.stop()
}

func TestAWaitingConversationIsWokenByTheEndOfItsConnection(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	client := s.dial(t)
	client.send(masked(fin|opText, "wait"))
	client.send(masked(fin|opText, "never read"))
	handler.all()[0].end(outbox.CloseInfo{Reason: outbox.CloseKilled})
	client.wantsClose(1008)
	client.nc.Close()
	if reason := handler.goneWith(t); reason != "killed" {
		t.Errorf("the conversation was told %s", reason)
	}
}
