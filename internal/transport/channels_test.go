package transport_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport"
)

const withChannels = "Sec-WebSocket-Protocol: tidings.channels.wamp.2.json, wamp.2.json"

// sendLines sends each message as a text frame of its own.
func (c *client) sendLines(messages ...string) {
	c.t.Helper()
	for _, message := range messages {
		c.send(masked(fin|opText, message))
	}
}

func (c *client) wantsLines(patterns ...string) {
	c.t.Helper()
	for _, pattern := range patterns {
		c.wantsMatch(fin|opText, "^"+pattern+"$")
	}
}

// sharedByTwo is a connection with two sessions, on the channels 1 and 2.
func (s *served) sharedByTwo(t *testing.T) *client {
	t.Helper()
	c := s.dial(t, withChannels)
	if c.protocol != "tidings.channels.wamp.2.json" {
		t.Fatalf("the subprotocol is %q", c.protocol)
	}
	c.sendLines("1", helloJSON)
	c.wantsLines("1", `\[2,.*`)
	c.sendLines("2", helloJSON)
	c.wantsLines("2", `\[2,.*`)
	return c
}

func TestEachChannelHasASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{})
	c := s.sharedByTwo(t)
	other := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	other.sendLines(helloJSON)
	other.wantsLines(`\[2,.*`)
	connections := make(map[uint64]int)
	for _, session := range realm.Sessions() {
		connections[session.Peer().Connection]++
	}
	if len(connections) != 2 || s.Stats().Connections != 2 {
		t.Errorf("sessions by connection: %v, of %d connections", connections, s.Stats().Connections)
	}
	c.sendLines(`[32,1,{},"a.b"]`)
	c.wantsLines(`\[33,1,\d+\]`)
	c.sendLines("1", `[32,1,{},"a.b"]`)
	c.wantsLines("1", `\[33,1,\d+\]`)
	// The publisher is left out, and only the publisher.
	c.sendLines(`[16,2,{"acknowledge":true},"a.b",["of 1"]]`)
	heard := map[string]bool{}
	for at, n := "1", 0; n < 2; n++ {
		g := c.receive()
		if !strings.HasPrefix(g.payload, "[") {
			at, n = g.payload, n-1
			continue
		}
		heard[at+g.payload[:4]] = true
	}
	if !heard["1[17,"] || !heard["2[36,"] {
		t.Errorf("heard %v", heard)
	}
}

func TestAnEventOfTwoChannelsIsWrittenOnce(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, realm *router.Realm) {
		p.open("tidings.channels.wamp.2.json.batched")
		p.send("1\x1e" + helloJSON + "\x1e" + `[32,1,{},"a.b"]` + "\x1e2\x1e" + helloJSON + "\x1e" + `[32,1,{},"a.b"]` + "\x1e")
		p.wantsMatch("^1\x1e\\[2,.*\x1e\\[33,1,\\d+\\]\x1e2\x1e\\[2,.*\x1e\\[33,1,\\d+\\]\x1e$")
		if n := realm.Subscribers("a.b"); n != 2 {
			t.Errorf("%d subscribers", n)
		}
		for range 2 {
			realm.Publish(router.Publication{Topic: "a.b"})
		}
		p.wantsMatch("^1,2\x1e\\[36,[^\x1e]*\x1e\\[36,[^\x1e]*\x1e$")
		p.send(`[34,2,9]` + "\x1e") // a refusal is for channel 2 alone
		p.wantsMatch("^2\x1e\\[8,34,2,[^\x1e]*\x1e$")
		realm.Publish(router.Publication{Topic: "a.b"})
		p.wantsMatch("^1,2\x1e\\[36,[^\x1e]*\x1e$")
	})
}

func TestAChannelEndsAlone(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{})
	c := s.sharedByTwo(t)
	killed := slices.MinFunc(realm.Sessions(), func(a, b *router.Session) int { return a.Joined().Compare(b.Joined()) })
	killed.Kill("", "by an\noperator")
	c.wantsLines("1", `\[6,\{"message":.*`, `-1 1008 by an operator`)
	c.sendLines("1", `[32,1,{},"a.b"]`, "2", `[32,2,{},"a.b"]`) // the first is dropped
	c.wantsLines("2", `\[33,2,\d+\]`)
}

func TestTheConnectionEndsWithItsLastChannel(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{})
	c := s.sharedByTwo(t)
	c.sendLines("-1", "1", `[32,1,{},"a.b"]`) // it was on its way
	c.sendLines("2", `[32,7,{},"a.b"]`)
	c.wantsLines(`\[33,7,\d+\]`)
	if n := len(realm.Sessions()); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	c.sendLines(`[6,{},"wamp.close.close_realm"]`)
	c.wantsLines(`\[6,.*goodbye_and_out"\]`, `-2 1000 `)
	c.wantsClose(1000)
}

func TestALostConnectionEndsAllItsSessions(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{})
	c := s.sharedByTwo(t)
	c.nc.Close()
	for deadline := time.Now().Add(patience); len(realm.Sessions()) > 0 || s.Stats().Connections > 0; {
		if time.Now().After(deadline) {
			t.Fatal("sessions of a lost connection are left")
		}
	}
}

func TestWhatBreaksTheRulesOfChannels(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, message := range []string{helloJSON, "0", "01", "1x", "1,2", "-", "--1", "+1", "2147483648"} {
		c := s.dial(t, withChannels)
		c.sendLines(message)
		c.wantsClose(1002)
		c.nc.Close()
	}
	c := s.dial(t, withChannels)
	c.sendLines("1", helloJSON)
	c.wantsLines("1", `\[2,.*`)
	c.sendLines("2", `[32,1,{},"a.b"]`) // a violation of one client ends that client
	c.wantsLines("2", `\[3,.*protocol_violation"\]`, `-2 1002 .*`)
	c.sendLines("1", `[32,1,{},"a.b"]`)
	c.wantsLines("1", `\[33,1,\d+\]`)
}

func TestChannelsOverTheirNumberAreRefused(t *testing.T) {
	t.Parallel()
	s, realm := routed(t, transport.Options{Limits: transport.Limits{MaxChannels: 2}})
	c := s.sharedByTwo(t)
	c.sendLines("3", helloJSON, "1", `[32,1,{},"a.b"]`)
	c.wantsLines("3", `\[3,\{"message":"a connection has at most 2 sessions \(websocket.channels\).*"tidings.error.limit_exceeded"\]`, `-3 1013 .*`)
	c.wantsLines("1", `\[33,1,\d+\]`)
	if n := len(realm.Sessions()); n != 2 {
		t.Errorf("%d sessions", n)
	}
	c.sendLines("-2", "4", helloJSON)
	c.wantsLines("4", `\[2,.*`)
}

func TestAChannelTakesThePlaceOfAConnection(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxConnections: 2}})
	c := s.sharedByTwo(t)
	c.sendLines("3", helloJSON)
	c.wantsLines("3", `\[3,.*limits.connections.*`, `-3 1013 .*`)
	c.sendLines("-1", "4", helloJSON)
	c.wantsLines("4", `\[2,.*`)
	c.nc.Close()
	for deadline := time.Now().Add(patience); s.Stats().Connections > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the connection is left")
		}
	}
	s.sharedByTwo(t).nc.Close() // all places are free again
}

// users lets each client in as the user that its HELLO names.
type users struct{}

func (users) Authenticate(_ context.Context, r peer.AuthRequest) (peer.AuthResult, error) {
	id, _ := r.Details["authid"].(string)
	method := "ticket"
	if id == "" {
		id, method = fmt.Sprintf("anonymous-%d", r.Session), "anonymous"
	}
	return peer.AuthResult{Identity: &peer.Identity{ID: id, Roles: []string{"user"}, Method: method}}, nil
}

func TestOneUserHasAConnection(t *testing.T) {
	t.Parallel()
	r := router.New(router.Options{Authenticator: users{}})
	realm := r.AddRealm("app")
	s := serve(t, transport.Options{Router: r})
	hello := func(user string) string { return `[1,"app",{"authid":"` + user + `","roles":{"subscriber":{}}}]` }
	for _, c := range []struct {
		first, second string
		fits          bool
	}{{"ann", "ann", true}, {"ann", "ben", false}, {"ann", "", false}, {"", "ann", false}, {"", "", true}} {
		client := s.dial(t, withChannels)
		client.sendLines("1", hello(c.first))
		client.wantsLines("1", `\[2,.*`)
		before := len(realm.Sessions())
		client.sendLines("2", hello(c.second))
		if c.fits {
			client.wantsLines("2", `\[2,.*`)
			continue
		}
		client.wantsLines("2", `\[3,\{.*\},"tidings.error.other_user"\]`, `-2 1008 .*`)
		if after := len(realm.Sessions()); after != before {
			t.Errorf("%q after %q: %d sessions, then %d", c.second, c.first, before, after)
		}
	}
}

func TestChannelsOfABinarySerialization(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, c := range []struct{ protocol, hello, welcome string }{
		{"wamp.2.msgpack", "\x93\x01\xa3app\x81\xa5roles\x81\xaasubscriber\x80", "\x93\x02"},
		{"wamp.2.cbor", "\x83\x01\x63app\xa1\x65roles\xa1\x6asubscriber\xa0", "\x83\x02"},
		{"wamp.2.ubjson", "[U\x01SU\x03app{U\x05roles{U\x0asubscriber{}}}]", "["},
	} {
		client := s.dial(t, "Sec-WebSocket-Protocol: tidings.channels."+c.protocol)
		for _, channel := range []string{"1", "20"} {
			client.send(masked(fin|opBinary, channel), masked(fin|opBinary, c.hello))
			if g := client.receive(); g.first != fin|opBinary || g.payload != channel {
				t.Errorf("%s: got %v, want %s", c.protocol, g, channel)
			}
			if g := client.receive(); g.first != fin|opBinary || !strings.HasPrefix(g.payload, c.welcome) {
				t.Errorf("%s: got %v", c.protocol, g)
			}
		}
	}
}

func TestAStoppingServerEndsEachChannelAndTheConnection(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	c := s.dial(t, withChannels)
	c.sendLines("1", helloReturns)
	c.wantsLines("1", `\[2,.*`)
	c.sendLines("2", helloReturns)
	c.wantsLines("2", `\[2,.*`)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	defer func() { <-stopped }()
	ends := 0
	for range 8 {
		g := c.receive()
		if g.first == fin|opClose {
			if ends != 2 || !strings.HasPrefix(g.payload, "\x03\xe9") {
				t.Errorf("the close frame %q came after the ends of %d channels", g.payload, ends)
			}
			c.send(masked(fin|opClose, closePayload(1001, "")))
			c.wantsEnd()
			return
		}
		if strings.HasPrefix(g.payload, "-") {
			if ends++; !strings.Contains(g.payload, " 1001 ") {
				t.Errorf("a channel ended with %s", g.payload)
			}
		}
	}
	t.Error("no close frame came")
}

func TestAChannelWithoutASessionIsClosedInTime(t *testing.T) {
	t.Parallel()
	longPolled(t, func(_ *testing.T, p *longPoller, _ *router.Realm) {
		p.open("tidings.channels.wamp.2.json.batched")
		p.send("1\x1e" + helloJSON + "\x1e2\x1e")
		p.wantsMatch("^1\x1e\\[2,.*\x1e$")
		time.Sleep(9 * time.Second)
		p.wantsMatch("^-2 1008 no session was opened within 10s\x1e$")
	})
}

func TestChannelsOverLongPollNeedABatch(t *testing.T) {
	t.Parallel()
	longPolled(t, func(_ *testing.T, p *longPoller, _ *router.Realm) {
		p.wantsStatus("/open", 400)
		if status, body := p.post("/open", `{"protocols":["tidings.channels.wamp.2.json"]}`); status != 400 {
			t.Errorf("got %d %s", status, body)
		}
	})
}

func TestAChannelIsOfferedOnlyWhereItMayBe(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxChannels: 1}})
	if c := s.dial(t, withChannels); c.protocol != "wamp.2.json" {
		t.Errorf("the subprotocol is %q", c.protocol)
	}
}

func TestAllChannelsHaveOneRateTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{Limits: meter.Limits{MessageRate: 1, MessageBurst: 10}})
		r.AddRealm("app")
		s, err := newServer(transport.Options{Router: r})
		if err != nil {
			t.Fatal(err)
		}
		p := &longPoller{t: t, handler: s.LongPoll()}
		p.open("tidings.channels.wamp.2.json.batched")
		began := time.Now()
		for n := 1; n <= 20; n++ { // of which each is one message, and the line that closes it another
			p.send(fmt.Sprintf("%d\x1e%s\x1e-%d\x1e", n+1, helloJSON, n))
			p.wantsMatch(fmt.Sprintf("^(-%d [^\x1e]*\x1e)?%d\x1e\\[2,", n, n+1))
		}
		if took := time.Since(began); took < 30*time.Second-time.Second {
			t.Errorf("40 messages took %s, which is over the rate", took)
		}
		p.post(p.path+"/close", "")
		synctest.Wait()
	})
}

func TestALongHelloOnAChannelIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{Handshake: 500}})
	c := s.sharedByTwo(t)
	c.sendLines("3", strings.Replace(helloJSON, `"roles"`, `"x":"`+strings.Repeat("x", 500)+`","roles"`, 1))
	c.wantsLines("3", `\[3,.*limits.handshake_bytes.*payload_size_exceeded"\]`, `-3 1009 .*`)
}

func TestAnEventOfTwoChannelsIsCompressed(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	c := s.dial(t, withChannels, "Sec-WebSocket-Extensions: permessage-deflate")
	c.inflates = true
	for _, channel := range []string{"1", "2"} {
		c.sendLines(channel, helloJSON)
		c.wantsLines(channel, `\[2,.*`)
		c.sendLines(`[32,1,{},"a.b"]`)
		c.wantsLines(`\[33,1,\d+\]`)
	}
	text := strings.Repeat("a long text ", 100)
	c.sendLines(`[16,2,{"exclude_me":false},"a.b",["` + text + `"]]`)
	var address string
	for heard := 0; heard < 2; {
		g := c.receive()
		if !strings.HasPrefix(g.payload, "[") {
			address = g.payload
			continue
		}
		if !strings.Contains(g.payload, text) {
			t.Fatalf("got %v", g)
		}
		heard += strings.Count(address, ",") + 1
	}
}
