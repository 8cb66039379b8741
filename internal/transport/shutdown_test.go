package transport_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
)

func TestAtTheEndOfRunEveryClientIsToldAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	client := s.dial(t)
	conv := handler.all()[0]
	for range 100 {
		conv.send(framed(conv.info.Text, "still to be written"))
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	for range 100 {
		client.wants(fin|opText, "still to be written")
	}
	if text := client.wantsClose(1001); text != "bye" {
		t.Errorf("the text is %q", text)
	}
	client.send(masked(fin|opClose, closePayload(1001, "")))
	client.wantsEnd()
	<-stopped
	response, body := s.refused(t, upgradeRequest("/ws"))
	if response.StatusCode != 503 || !strings.Contains(body, `"draining"`) {
		t.Errorf("after the end: %s %s", response.Status, body)
	}
	if s.Stats().Connections != 0 {
		t.Error("there are connections left")
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("it ran twice")
	}
}

func TestAnUnansweredCloseTakesNoLongerThanItsLimitAfterTheDrain(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Limits: transport.Limits{Drain: 50 * time.Millisecond, Close: 50 * time.Millisecond}})
	for range 10 {
		s.dial(t)
	}
	stuff(handler.all()[0], 32)
	begin := time.Now()
	s.stop()
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("it took %s", took)
	}
	total := uint64(0)
	for closed, n := range s.Stats().Closed {
		if closed.Reason != outbox.CloseShutdown {
			t.Errorf("%d closed as %s", n, closed.Reason)
		}
		total += n
	}
	if total != 10 {
		t.Errorf("%d were closed", total)
	}
}

func TestConnectionsBeforeRunAreServedOnceItRuns(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	server, err := newServer(transport.Options{Handler: handler})
	if err != nil {
		t.Fatal(err)
	}
	s := &served{Server: server, addr: listen(t, server)}
	client := s.dial(t)
	client.send(masked(fin|opText, "early"))
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	client.wants(fin|opText, "early")
	client.nc.Close()
	handler.goneWith(t)
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}
