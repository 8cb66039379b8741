package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
)

// pipes is a listener without a network, so that a test can run in a bubble of testing/synctest,
// whose time passes when all its goroutines wait.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.done:
		return nil, errors.New("closed")
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) dial(t *testing.T, headers ...string) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return upgraded(t, ours, upgradeRequest("/ws", headers...))
}

// inBubble runs a test over pipes, in time that is not real.
func inBubble(t *testing.T, options transport.Options, test func(*testing.T, *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		server, err := newServer(options)
		if err != nil {
			t.Fatal(err)
		}
		listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		web := &http.Server{Handler: server}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { web.Serve(listener) })
		running.Go(func() { server.Run(ctx) })
		defer func() {
			cancel()
			web.Close()
			running.Wait()
		}()
		test(t, listener)
	})
}

func TestAConnectionThatDoesNotJoinIsClosed(t *testing.T) {
	handler := newEcho()
	handler.joins = false
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		begin := time.Now()
		client := p.dial(t)
		if text := client.wantsClose(1008); text != "no session was opened within 10s" {
			t.Errorf("the text is %q", text)
		}
		if took := time.Since(begin); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("after %s", took)
		}
		if reason := <-handler.gone; reason != outbox.CloseTimeout {
			t.Errorf("the conversation was told %s", reason)
		}
		client.send(masked(fin|opClose, closePayload(1008, "")))
		client.wantsEnd()
	})
}

func TestAQuietConnectionIsPingedAndClosedIfItDoesNotAnswer(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		for range 5 {
			begin := time.Now()
			client.wants(fin|opPing, "")
			if took := time.Since(begin); took < 10*time.Second || took > 12*time.Second {
				t.Errorf("pinged after %s", took)
			}
			client.send(masked(fin|opPong, ""))
		}
		client.wants(fin|opPing, "")
		begin := time.Now()
		if text := client.wantsClose(1008); text != "a ping was not answered within 5s" {
			t.Errorf("the text is %q", text)
		}
		if took := time.Since(begin); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("given up after %s", took)
		}
		if reason := <-handler.gone; reason != outbox.CloseTimeout {
			t.Errorf("the conversation was told %s", reason)
		}
		begin = time.Now()
		client.wantsEnd() // the close frame is not answered either
		if took := time.Since(begin); took < 4*time.Second || took > 7*time.Second {
			t.Errorf("cut after %s", took)
		}
	})
}

// counting reads frames until the connection ends, and counts them by their first byte.
func (c *client) counting() (counts func() map[byte]int) {
	seen := make(map[byte]int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			g, err := c.tryReceive()
			if err != nil {
				return
			}
			seen[g.first]++
		}
	}()
	return func() map[byte]int {
		c.nc.Close()
		<-done
		return seen
	}
}

func TestAConnectionThatOnlyTalksIsPinged(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		counts := client.counting()
		for range 24 { // it is heard from; a proxy in between still wants data towards it
			time.Sleep(3 * time.Second)
			client.send(masked(fin|opPong, ""))
		}
		if got := counts(); got[fin|opPing] < 4 || got[fin|opClose] != 0 {
			t.Errorf("it got %v", got)
		}
		<-handler.gone
	})
}

func TestAConnectionThatOnlyListensIsPingedAndMustAnswer(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		counts := client.counting()
		conv := handler.all()[0]
		for range 24 { // the client may be gone
			time.Sleep(2 * time.Second)
			conv.send(framed(conv.info.Text, "tick"))
		}
		if got := counts(); got[fin|opPing] != 1 || got[fin|opText] < 4 || got[fin|opClose] != 1 {
			t.Errorf("it got %v", got)
		}
		if reason := <-handler.gone; reason != outbox.CloseTimeout {
			t.Errorf("the conversation was told %s", reason)
		}
	})
}

func TestAClientThatNeverAnsweredAPingIsNotDropped(t *testing.T) {
	handler := newEcho()
	handler.pongs = transport.PongsOnceSeen
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		for range 20 {
			client.wants(fin|opPing, "")
		}
		client.send(masked(fin|opText, "well"))
		client.wants(fin|opText, "well")
		client.send(masked(fin|opPong, "")) // from now on it is held to it
		client.wants(fin|opPing, "")
		client.wantsClose(1008)
		client.nc.Close()
		<-handler.gone
	})
}

func TestAHalfSentMessageIsGivenUp(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		answerPings := func() {
			for {
				g, err := client.tryReceive()
				if err != nil || g.first&0xf == opClose {
					return
				}
				client.nc.Write(masked(fin|opPong, ""))
			}
		}
		begin := time.Now()
		client.send(masked(opText, "half"))
		answerPings()
		if took := time.Since(begin); took < 59*time.Second || took > 62*time.Second {
			t.Errorf("given up after %s", took)
		}
		client.nc.Close()
		if reason := <-handler.gone; reason != outbox.CloseTimeout {
			t.Errorf("the conversation was told %s", reason)
		}
	})
}

func TestAFrameThatStopsAfterItsFirstByteIsGivenUp(t *testing.T) {
	handler := newEcho()
	handler.pongs = transport.PongsOnceSeen
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		counts := client.counting()
		client.send(masked(fin|opText, "x")[:1])
		time.Sleep(62 * time.Second)
		if reason := <-handler.gone; reason != outbox.CloseTimeout {
			t.Errorf("the conversation was told %s", reason)
		}
		if got := counts(); got[fin|opClose] != 1 {
			t.Errorf("it got %v", got)
		}
	})
}

func TestAClientThatSendsWithoutAPauseIsNotAHalfSentMessage(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		message := masked(fin|opText, "message")
		client.send(message[:3])
		for range 100 { // there is always half a message
			time.Sleep(2 * time.Second)
			client.send(message[3:], message[:3])
			for {
				if g := client.receive(); g.first == fin|opText {
					break
				}
			}
		}
		client.nc.Close()
		<-handler.gone
	})
}

func TestAConversationThatTakesItsTimeIsNotAClientThatDoesNotAnswer(t *testing.T) {
	handler := newEcho()
	inBubble(t, transport.Options{Handler: handler}, func(t *testing.T, p *pipes) {
		client := p.dial(t)
		client.send(masked(fin|opText, "wait"))
		client.wants(fin|opPing, "")
		time.Sleep(10 * time.Minute) // its pong is not read meanwhile
		handler.all()[0].end(outbox.CloseInfo{Reason: outbox.CloseKilled})
		client.wantsClose(1008)
		client.nc.Close()
		if reason := <-handler.gone; reason != outbox.CloseKilled {
			t.Errorf("the conversation was told %s", reason)
		}
	})
}

// TestASlowReaderHasItsTimeToAnswerAPing ticks a connection once a second. Its client reads slowly, so the ping waits
// behind other bytes.
func TestASlowReaderHasItsTimeToAnswerAPing(t *testing.T) {
	t.Parallel()
	limits := transport.Limits{Ping: 25 * time.Second, Pong: 20 * time.Second, Write: 10 * time.Second}
	slow := transport.NewTicked(limits, time.Second, 26*time.Second)
	now := 26 * time.Second
	for ; now < 5*time.Minute; now += time.Second {
		if slow.Tick(now, now-time.Second) {
			t.Fatalf("a client that reads was given up after %s", now)
		}
	}
	for end := now + 19*time.Second; now < end; now += time.Second {
		if slow.Tick(now, 0) {
			t.Fatalf("a client that has read everything had only %s to answer", now-5*time.Minute)
		}
	}
	if !slow.Tick(now+time.Second, 0) {
		t.Error("a client that reads everything and never answers is not given up")
	}
	if silent := transport.NewTicked(limits, time.Second, 26*time.Second); !silent.Tick(47*time.Second, 27*time.Second) {
		t.Error("a client that reads nothing is not given up")
	}
}

// TestAClientThatTakesItsLastBytesIsNotGivenUpWhileTheServerStops looks at a connection whose close frame is late.
func TestAClientThatTakesItsLastBytesIsNotGivenUpWhileTheServerStops(t *testing.T) {
	t.Parallel()
	c := transport.NewTicked(transport.Limits{}, time.Second, 0)
	const closeBy = 5 * time.Second
	if c.TickClosing(closeBy-1, closeBy, 0) || !c.TickClosing(closeBy, closeBy, 100) {
		t.Error("a client of a running server is not given up in time")
	}
	c.Drain()
	if c.TickClosing(closeBy+time.Minute, closeBy, 100) {
		t.Error("a client that has not got its last bytes was given up")
	}
	if !c.TickClosing(closeBy, closeBy, 0) {
		t.Error("a client that has got everything and does not answer is not given up")
	}
}
