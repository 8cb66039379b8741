package transport_test

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/transport"
)

// TestTheBudgetOfAnEvent counts what the events of a publisher in a hurry cost: system calls, and times
// that an outbox is locked. A change that makes either grow has to say why here.
func TestTheBudgetOfAnEvent(t *testing.T) {
	const (
		subscribers  = 50
		publications = 60
		events       = subscribers * publications
	)
	r := router.New(router.Options{Limits: meter.Limits{MessageRate: 1e6, MessageBurst: 1e6}})
	r.AddRealm("app")
	s := serve(t, transport.Options{Router: r, Writers: 1})
	if !hasEpoll() {
		t.Skip("the system calls of blocking sockets are not counted")
	}
	var all []*client
	for range subscribers {
		c := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
		c.send(masked(fin|opText, helloJSON), masked(fin|opText, `[32,1,{},"a.b"]`))
		c.receive()
		c.receive()
		all = append(all, c)
	}
	publisher := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	publisher.send(masked(fin|opText, helloJSON), masked(fin|opText, `[16,1,{"acknowledge":true},"a.b",[0]]`))
	publisher.receive()
	publisher.receive()
	for _, c := range all {
		c.receive()
	}

	transported, routed := s.Stats(), r.Stats()
	var burst bytes.Buffer
	for n := range publications {
		burst.Write(masked(fin|opText, fmt.Sprintf(`[16,%d,{},"a.b",[%d]]`, n+2, n)))
	}
	publisher.send(burst.Bytes())
	for _, c := range all {
		for range publications {
			c.receive()
		}
	}
	writes := s.Stats().Writes - transported.Writes
	reads := s.Stats().Reads - transported.Reads
	puts := r.Stats().Puts - routed.Puts
	t.Logf("%d events: %d reads, %d writes, %d puts", events, reads, writes, puts)
	mostWrites := 0.05
	if netpoll.CheckRing() == nil { // all subscribers are written to with one for each publication at most
		mostWrites = 0.025
	}
	for what, c := range map[string]struct {
		got  uint64
		most float64 // for one event
	}{
		"system calls that write": {writes, mostWrites},
		"system calls that read":  {reads, 0.05},
		"locks of outboxes":       {puts, 0.05},
	} {
		if perEvent := float64(c.got) / events; perEvent > c.most {
			t.Errorf("%s: %.4f for each event, the budget is %.4f", what, perEvent, c.most)
		}
	}
}

// A field more than fits takes all connections to the next size of objects that there is: 32 bytes each.
func TestTheBudgetOfAConnection(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) == 8 && transport.BytesOfConn > 288 {
		t.Errorf("it has %d bytes, the budget is 288: look for holes between the fields", transport.BytesOfConn)
	}
}
