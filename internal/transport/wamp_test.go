package transport_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// routed is a transport that speaks WAMP with a router of one realm.
func routed(t *testing.T, options transport.Options) (*served, *router.Realm) {
	t.Helper()
	options.Router = router.New(router.Options{Agent: "test"})
	realm := options.Router.AddRealm("app")
	return serve(t, options), realm
}

// helloReturns is HELLO of a client that comes again after GOODBYE.
const helloReturns = `[1,"app",{"_returns":true,"roles":{"publisher":{},"subscriber":{}}}]`

const helloJSON = `[1,"app",{"roles":{"publisher":{},"subscriber":{}}}]`

func (c *client) wantsMatch(first byte, pattern string) {
	c.t.Helper()
	g := c.receive()
	if g.first != first || !regexp.MustCompile(pattern).MatchString(g.payload) {
		c.t.Fatalf("got %v, want %s", g, pattern)
	}
}

func TestWAMPVersion2OverText(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json.batched, wamp.2.json, wamp.2.cbor")
	if client.protocol != "wamp.2.json" {
		t.Fatalf("the subprotocol is %q", client.protocol)
	}
	client.send(masked(fin|opText, helloJSON))
	client.wantsMatch(fin|opText, `^\[2,\d+,\{`)
	client.send(masked(fin|opText, `[32,1,{},"a.b"]`), masked(fin|opText, `[16,2,{"acknowledge":true,"exclude_me":false},"a.b",["hi"]]`))
	client.wantsMatch(fin|opText, `^\[33,1,\d+\]$`)
	client.wantsMatch(fin|opText, `^\[36,\d+,\d+,\{\},\["hi"\]\]$`)
	client.wantsMatch(fin|opText, `^\[17,2,\d+\]$`)
	client.send(masked(fin|opText, `[6,{},"wamp.close.close_realm"]`))
	client.wantsMatch(fin|opText, `^\[6,\{.*\},"wamp.close.goodbye_and_out"\]$`)
	client.wantsClose(1000)
	client.send(masked(fin|opClose, closePayload(1000, "")))
	client.wantsEnd()
}

func TestWAMPVersion2OverBinary(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, c := range []struct{ protocol, hello, welcome string }{
		{"wamp.2.msgpack", "\x93\x01\xa3app\x81\xa5roles\x81\xaasubscriber\x80", "\x93\x02"},
		{"wamp.2.cbor", "\x83\x01\x63app\xa1\x65roles\xa1\x6asubscriber\xa0", "\x83\x02"},
	} {
		client := s.dial(t, "Sec-WebSocket-Protocol: "+c.protocol)
		client.send(masked(fin|opBinary, c.hello))
		if g := client.receive(); g.first != fin|opBinary || !strings.HasPrefix(g.payload, c.welcome) {
			t.Errorf("%s: got %v", c.protocol, g)
		}
		client.send(masked(fin|opText, c.hello))
		client.wantsClose(1003)
		client.wantsEnd()
	}
}

func TestWhatIsNoWAMPIsAbortedAndClosed(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, message := range []string{`{`, `[]`, `[32,1,{},"a.b"]`, `[1,"app"]`} {
		client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
		client.send(masked(fin|opText, message))
		client.wantsMatch(fin|opText, `^\[3,\{.*\},"wamp.error.protocol_violation"\]$`)
		client.wantsClose(1002)
		client.nc.Close()
	}
	client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	client.send(masked(fin|opText, `[1,"elsewhere",{"roles":{"subscriber":{}}}]`))
	client.wantsMatch(fin|opText, `^\[3,\{.*\},"wamp.error.no_such_realm"\]$`)
	client.wantsClose(1008)
}

// oroRequest is what OroPlatform's backend sends, byte for byte but for host and key.
const oroRequest = "GET ws://127.0.0.1:37745/ws?ticket=abc%3D HTTP/1.1\r\nHost: 127.0.0.1:37745\r\nPragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + testKey + "\r\n" +
	"Sec-WebSocket-Protocol: wamp\r\nSec-WebSocket-Version: 13\r\nOrigin: 127.0.0.1\r\n\r\n"

const welcome1 = `^\[0,"\d+",1,"`

func TestWAMPVersions1And2TalkToEachOther(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Tickets: &tickets{valid: "abc="}})
	modern := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	modern.send(masked(fin|opText, helloJSON))
	modern.wantsMatch(fin|opText, `^\[2,`)
	modern.send(masked(fin|opText, `[32,1,{},"oro/data/update"]`))
	modern.wantsMatch(fin|opText, `^\[33,1,`)

	backend := upgraded(t, dialRaw(t, s.addr), oroRequest)
	if backend.protocol != "wamp" {
		t.Errorf("the subprotocol is %q", backend.protocol)
	}
	backend.wantsMatch(fin|opText, welcome1)
	backend.send(masked(fin|opText, `[7,"oro\/data\/update",[{"username":"admin","tagname":"t1"}],[],[]]`))
	modern.wantsMatch(fin|opText, `^\[36,\d+,\d+,\{.*\},\[.*"tagname":"t1".*\]\]$`)

	browser := s.dial(t, "Sec-WebSocket-Protocol:", "Origin: http://example.com")
	if browser.protocol != "" {
		t.Errorf("a subprotocol was echoed that nobody asked for: %q", browser.protocol)
	}
	browser.wantsMatch(fin|opText, welcome1)
	browser.send(masked(fin|opText, `[5,"oro/data/update"]`), masked(fin|opText, `[7,"oro/data/update","mine"]`))
	browser.wants(fin|opText, `[8,"oro/data/update","mine"]`)
	modern.receive()
	modern.send(masked(fin|opText, `[16,2,{},"oro/data/update",["from 2"]]`))
	browser.wants(fin|opText, `[8,"oro/data/update","from 2"]`)
}

// recording is a listener whose connections remember what was written at once.
type recording struct {
	net.Listener
	mu     sync.Mutex
	writes []string
}

func (r *recording) Accept() (net.Conn, error) {
	nc, err := r.Listener.Accept()
	return &recorded{nc, r}, err
}

type recorded struct {
	net.Conn
	in *recording
}

func (r *recorded) Write(b []byte) (int, error) {
	r.in.mu.Lock()
	r.in.writes = append(r.in.writes, string(b))
	r.in.mu.Unlock()
	return r.Conn.Write(b)
}

func TestTheHandshakeAndVersion1sWelcomeLeaveInOneWriteAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	wampRouter := router.New(router.Options{Agent: "[test]"})
	wampRouter.AddRealm("app")
	server, err := newServer(transport.Options{Router: wampRouter, Tickets: &tickets{valid: "abc="}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := &recording{Listener: inner}
	web := &http.Server{Handler: server}
	go web.Serve(listener)
	client := upgraded(t, dialRaw(t, inner.Addr().String()), oroRequest)
	client.wantsMatch(fin|opText, welcome1)
	client.nc.Close()
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	web.Close()
	if len(listener.writes) != 1 {
		t.Fatalf("%d writes: %q", len(listener.writes), listener.writes)
	}
	head, body, _ := strings.Cut(listener.writes[0], "\r\n\r\n")
	if strings.ContainsAny(head, "[]") {
		t.Errorf("a bracket in the head, which is taken for the message: %q", head)
	}
	if len(body) < 2 || int(body[1]) != len(body)-2 || !regexp.MustCompile(welcome1).MatchString(body[2:]) {
		t.Errorf("behind the head there is not just WELCOME: %q", body)
	}
}

func TestAtShutdownClientsThatComeAgainAreToldOthersAreClosedAndVersion1IsDropped(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	modern, usual, old := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json"), s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json"), s.dial(t)
	modern.send(masked(fin|opText, helloReturns))
	modern.wantsMatch(fin|opText, `^\[2,`)
	usual.send(masked(fin|opText, helloJSON))
	usual.wantsMatch(fin|opText, `^\[2,`)
	old.wantsMatch(fin|opText, welcome1)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	modern.wantsMatch(fin|opText, `^\[6,\{.*\},"wamp.close.system_shutdown"\]$`)
	modern.wantsClose(1001)
	modern.send(masked(fin|opClose, closePayload(1001, "")))
	modern.wantsEnd()
	usual.wantsClose(1001) // autobahn would stay away after GOODBYE
	usual.send(masked(fin|opClose, closePayload(1001, "")))
	usual.wantsEnd()
	old.wantsEnd() // a close frame would keep its page from coming back
	<-stopped
}

func TestAClientOfVersion1ThatEndsTheConversationIsAnsweredAndItsConnectionCloses(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Tickets: &tickets{valid: "abc="}})
	backend := upgraded(t, dialRaw(t, s.addr), oroRequest)
	backend.wantsMatch(fin|opText, welcome1)
	backend.send(masked(fin|opText, `[7,"oro\/maintenance",{"isOn":false,"userId":null},[],[]]`), masked(fin|opClose, closePayload(1000, "ttfn")))
	backend.wantsClose(1000)
	backend.wantsEnd() // it waits for that
	page := s.dial(t)
	page.wantsMatch(fin|opText, welcome1)
	page.send(masked(fin|opText, `[5,"oro/maintenance"]`), masked(fin|opClose, closePayload(1001, "")))
	page.wantsClose(1001)
	page.wantsEnd()
	broken := s.dial(t)
	broken.wantsMatch(fin|opText, welcome1)
	broken.send(masked(fin|opText, `[8,"oro/maintenance",{"isOn":false,"userId":null}]`))
	broken.wantsClose(1002) // version 1 has no message that says why
	broken.send(masked(fin|opClose, closePayload(1002, "")))
	broken.wantsEnd()
}

func TestASubscriberThatDoesNotReadIsCutOffAndTheOthersGetEverything(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{Limits: transport.Limits{Write: 300 * time.Millisecond, Close: 300 * time.Millisecond}})
	subscriber := func() *client {
		c := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
		c.send(masked(fin|opText, helloJSON), masked(fin|opText, `[32,1,{},"a.b"]`))
		c.wantsMatch(fin|opText, `^\[2,`)
		c.wantsMatch(fin|opText, `^\[33,`)
		return c
	}
	subscriber() // does not read
	quick := subscriber()
	payload, err := wamp.PayloadFromJSON([]byte(`["`+strings.Repeat("x", 100_000)+`"]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		realm.Publish(router.Publication{Topic: "a.b", Payload: payload})
		quick.wantsMatch(fin|opText, `^\[36,`)
	}
	for begin := time.Now(); len(realm.Sessions()) > 1; {
		if time.Since(begin) > patience {
			t.Fatal("the session is still there")
		}
		realm.Publish(router.Publication{Topic: "a.b"})
		quick.receive()
	}
	slow := func() (count uint64) {
		for closed, n := range s.Stats().Closed {
			if closed.Reason == outbox.CloseSlow {
				count += n
			}
		}
		return count
	}
	for begin := time.Now(); slow() != 1; runtime.Gosched() { // it is counted after its session has left
		if time.Since(begin) > patience {
			t.Fatalf("counted %v", s.Stats().Closed)
		}
	}
}

func TestManySubscribersAndPublishersGetEverythingInOrder(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Writers: 2})
	const publishers, subscribers, events = 4, 20, 200
	var all sync.WaitGroup
	ready := make(chan struct{}, subscribers)
	for range subscribers {
		all.Go(func() {
			isReady := sync.OnceFunc(func() { ready <- struct{}{} })
			defer isReady()
			c := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json", "Sec-WebSocket-Extensions: permessage-deflate")
			c.inflates = true
			c.send(masked(fin|opText, helloJSON), masked(fin|opText, `[32,1,{},"a.b"]`))
			c.wantsMatch(fin|opText, `^\[2,`)
			c.wantsMatch(fin|opText, `^\[33,`)
			isReady()
			var next [publishers]int
			for range publishers * events {
				payload := c.receive().payload
				var publisher, event int
				if _, err := fmt.Sscanf(payload[strings.LastIndex(payload, "[")+1:], "%d,%d,", &publisher, &event); err != nil {
					t.Errorf("%v: %s", err, payload)
					return
				}
				if event != next[publisher] {
					t.Errorf("event %d of publisher %d, want %d", event, publisher, next[publisher])
					return
				}
				next[publisher]++
			}
		})
	}
	for range subscribers {
		<-ready
	}
	for publisher := range publishers {
		all.Go(func() {
			c := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
			c.send(masked(fin|opText, helloJSON))
			c.wantsMatch(fin|opText, `^\[2,`)
			for event := range events {
				filler := strings.Repeat("x", event*3)
				c.send(masked(fin|opText, fmt.Sprintf(`[16,%d,{},"a.b",[%d,%d,"%s"]]`, event+1, publisher, event, filler)))
			}
			c.send(masked(fin|opPing, ""))
			c.wants(fin|opPong, "")
		})
	}
	all.Wait()
}
