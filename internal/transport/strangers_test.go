package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// encodings are those that WebSocket, RawSocket and long-poll have in common, in the order of RawSocket's handshake.
var encodings = []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON}

// helloWith returns a HELLO with an additional key, whose value is written as JSON.
func helloWith(t *testing.T, e wamp.Encoding, key, value string) string {
	t.Helper()
	text := fmt.Sprintf(`["app",{"roles":{"subscriber":{}},%q:%s}]`, key, value)
	p, err := wamp.PayloadFromJSON([]byte("[1,"+text[1:]), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.In(e.Serialization()); err != nil {
		t.Fatal(err)
	}
	return string(p.Args)
}

// nulls returns a list of n dicts, of 3 bytes each in MessagePack and 340 in Go.
func nulls(n int) string { return "[" + strings.Repeat(`{"":null},`, n-1) + `{"":null}]` }

func dataOpcode(e wamp.Encoding) byte {
	if e.Binary() {
		return opBinary
	}
	return opText
}

const tooLongToJoin = "until the session is open a message may have 16384 bytes at most (limits.handshake_bytes)"

func TestAMessageOfAStrangerIsShort(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	for i, e := range encodings {
		short, long := helloWith(t, e, "x", nulls(100)), helloWith(t, e, "x", nulls(8000))
		first := fin | dataOpcode(e)
		for what, hello := range map[string][]byte{
			"as it is":   masked(first, long),
			"compressed": masked(first|rsv1, deflated(long)),
			"in fragments": append(masked(dataOpcode(e), long[:10_000]),
				masked(fin|opContinuation, long[10_000:])...),
			"of a length that does not come": append(header(first, 1<<16, 0x80), "mask"...),
		} {
			c := s.dial(t, "Sec-WebSocket-Protocol: "+e.Subprotocol(), "Sec-WebSocket-Extensions: permessage-deflate")
			if c.send(hello); c.extension == "" {
				t.Fatal("compression is not accepted before the session is open")
			}
			if text := c.wantsClose(1009); text != tooLongToJoin {
				t.Errorf("%s, %s: the text is %q", e.Subprotocol(), what, text)
			}
		}
		c := s.dial(t, "Sec-WebSocket-Protocol: "+e.Subprotocol())
		c.send(masked(first, short))
		c.receive()
		c.send(masked(first, long)) // a second HELLO, but not too long
		c.receive()
		c.wantsClose(1002)

		r := openRaw(t, tcp, 0xf0|byte(i+1))
		r.write(rawFrame(0, long)[:4])
		if _, abort := r.receive(); !strings.Contains(abort, tooLongToJoin) || !strings.Contains(abort, "wamp.error.payload_size_exceeded") {
			t.Errorf("%s: RawSocket says %q", e.Subprotocol(), abort)
		}
		r.wantsEnd()
		r = openRaw(t, tcp, 0xf0|byte(i+1))
		r.write(rawFrame(0, short))
		r.receive()
		r.write(rawFrame(1, long)) // a ping
		r.wants(2, long)
	}
}

func TestAMessageOfAStrangerIsShortOverLongPoll(t *testing.T) {
	for _, e := range encodings {
		longPolled(t, func(t *testing.T, p *longPoller, _ *router.Realm) {
			p.open(e.Subprotocol())
			long := helloWith(t, e, "x", nulls(8000))
			if status, body := p.post(p.path+"/send", long); status != http.StatusRequestEntityTooLarge || !strings.Contains(body, tooLongToJoin) {
				t.Errorf("%s: %d %s", e.Subprotocol(), status, body)
			}
			p.send(helloWith(t, e, "x", nulls(100)))
			if status, _ := p.post(p.path+"/receive", ""); status != http.StatusOK {
				t.Errorf("%s: %d for the WELCOME", e.Subprotocol(), status)
			}
			p.send(long)
		})
	}
}

// A client that has not joined makes the server allocate at most 64 KiB for each KiB that it sends. The figures are for
// the whole process, the client and both handshakes included.
func TestTheHelloOfAStrangerTakesLittleMemory(t *testing.T) {
	alloctest.SkipWithRace(t)
	const connections, most = 20, 64
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would empty the pools of buffers
	s, _ := routed(t, transport.Options{})
	for range connections { // fills the pools
		c := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json", "Sec-WebSocket-Extensions: permessage-deflate")
		c.send(masked(fin|opText, helloJSON))
		c.receive()
		c.nc.Close()
	}
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	for i, e := range encodings {
		for name, hello := range map[string]string{
			"a long one":     helloWith(t, e, "x", nulls(340_000)),
			"unknown key":    helloWith(t, e, "x", nulls(1_300)),
			"authextra":      helloWith(t, e, "authextra", `{"x":`+nulls(1_300)+`}`),
			"authmethods":    helloWith(t, e, "authmethods", "["+strings.Repeat(`"",`, 3_000)+`""]`),
			"a long authid":  helloWith(t, e, "authid", `"`+strings.Repeat("x", 16_000)+`"`),
			"a wrong type":   helloWith(t, e, "agent", nulls(1_300)),
			"many brackets":  strings.Repeat("[", 1<<20),
			"many fragments": "",
		} {
			webSocket, sent := masked(fin|dataOpcode(e)|rsv1, deflated(hello)), 0
			if name == "many fragments" {
				webSocket = bytes.Join([][]byte{masked(dataOpcode(e), ""), bytes.Repeat(masked(opContinuation, ""), 200), masked(fin|opContinuation, "")}, nil)
			}
			check := func(transport string, sent int, dial func()) {
				t.Helper()
				dial()
				each := alloctest.Bytes(func() {
					for range connections {
						dial()
					}
				}) / connections
				t.Logf("%s, %s over %s: %d bytes were sent, %d allocated", e.Subprotocol(), name, transport, sent, each)
				if each > most*max(sent, 1<<10) {
					t.Errorf("%s, %s over %s: %d bytes for %d that were sent", e.Subprotocol(), name, transport, each, sent)
				}
			}
			request := "Sec-WebSocket-Protocol: " + e.Subprotocol()
			sent = len(webSocket) + len(upgradeRequest("/ws", request))
			check("WebSocket", sent, func() {
				c := s.dial(t, request, "Sec-WebSocket-Extensions: permessage-deflate")
				c.send(webSocket)
				c.receive()
				c.nc.Close()
			})
			raw := rawFrame(0, hello)
			raw = raw[:min(len(raw), 16<<10)]
			check("RawSocket", len(raw), func() {
				r := openRaw(t, tcp, 0xf0|byte(i+1))
				if r.write(raw); len(hello) >= 1<<10 {
					r.receive()
				}
				r.nc.Close()
			})
		}
	}
}

// Frames that bring no message count like messages.
func TestFramesWithoutAMessageCountAgainstTheRate(t *testing.T) {
	const rate, burst, frames = 10, 20, 60
	for name, frame := range map[string][]byte{
		"pings":              masked(fin|opPing, "p"),
		"pongs":              masked(fin|opPong, "p"),
		"empty fragments":    masked(opContinuation, ""),
		"small fragments":    masked(opContinuation, "x"),
		"a ping and a frame": nil,
	} {
		for _, joined := range []bool{false, true} {
			limits := meter.Limits{MessageRate: rate, MessageBurst: burst}
			r := router.New(router.Options{Limits: limits})
			r.AddRealm("app")
			inBubble(t, transport.Options{Router: r, Limits: transport.Limits{Hello: time.Minute}}, func(t *testing.T, p *pipes) {
				c := p.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
				go func() { // the pipe has no buffer
					for {
						if _, err := c.tryReceive(); err != nil {
							return
						}
					}
				}()
				if joined {
					c.send(masked(fin|opText, helloJSON))
					synctest.Wait()
				}
				begun := time.Now()
				switch name {
				case "empty fragments", "small fragments":
					c.send(masked(opText, ""), bytes.Repeat(frame, frames))
				case "a ping and a frame":
					c.send(masked(opText, ""))
					for range frames / 2 {
						c.send(masked(opContinuation, ""), masked(fin|opPing, ""))
					}
				default:
					c.send(bytes.Repeat(frame, frames))
				}
				c.send(masked(fin|opPong, "the server takes this when it has taken all others"))
				if took, least := time.Since(begun), (frames-burst-2)*time.Second/rate; took < least {
					t.Errorf("%s, joined %t: %d frames were read in %s, the rate is %d in a second after %d", name, joined, frames, took, rate, burst)
				}
				c.nc.Close()
			})
		}
	}
}

func TestPingsOfARawSocketCountAgainstTheRate(t *testing.T) {
	const rate, burst, frames = 10, 20, 60
	for name, frame := range map[string][]byte{"pings": rawFrame(1, "p"), "empty pings": rawFrame(1, ""), "pongs": rawFrame(2, "p")} {
		synctest.Test(t, func(t *testing.T) {
			r := router.New(router.Options{Limits: meter.Limits{MessageRate: rate, MessageBurst: burst}})
			r.AddRealm("app")
			server, err := newServer(transport.Options{Router: r, Limits: transport.Limits{Hello: time.Minute}})
			if err != nil {
				t.Fatal(err)
			}
			listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { server.ServeRawSocket(closing{listener}, transport.RawSocketOptions{}) })
			running.Go(func() { server.Run(ctx) })
			ours, theirs := net.Pipe()
			listener.conns <- theirs
			c := &rawClient{t, ours}
			c.write([]byte{0x7f, 0xf1, 0, 0})
			c.read(4)
			running.Go(func() { io.Copy(io.Discard, ours) }) // the pipe has no buffer
			begun := time.Now()
			c.write(bytes.Repeat(frame, frames))
			c.write(rawFrame(2, "the server takes this when it has taken all others"))
			if took, least := time.Since(begun), (frames-burst-2)*time.Second/rate; took < least {
				t.Errorf("%s: %d frames were read in %s, the rate is %d in a second after %d", name, frames, took, rate, burst)
			}
			ours.Close()
			listener.Close()
			cancel()
			running.Wait()
		})
	}
}

// closing is a listener that says that it is closed in the words of package net.
type closing struct{ *pipes }

func (l closing) Accept() (net.Conn, error) {
	nc, err := l.pipes.Accept()
	if err != nil {
		err = net.ErrClosed
	}
	return nc, err
}
