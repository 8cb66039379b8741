package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/server"
)

// enter logs a client in.
func enter(t *testing.T, s *server.Server, p *peer, socket string) {
	t.Helper()
	ticket, err := issueTicket(patient(t), s.Addr(), p.user())
	if err != nil {
		t.Fatal(err)
	}
	p.driver = p.start(t)
	if _, err := p.connect(patient(t), login{address: s.Addr(), socket: socket, user: p.user(), ticket: ticket}); err != nil {
		t.Fatalf("%s: %v", p, err)
	}
}

// ownPeer is this project's client, by JSON.
func ownPeer(t *testing.T, s *server.Server) *peer {
	t.Helper()
	own := &peer{client: "tidings", serialization: "json", start: func(*testing.T) driver { return newOwn(client.JSON) }}
	enter(t, s, own, "")
	t.Cleanup(func() { own.close(context.WithoutCancel(t.Context())) })
	return own
}

func mustDo(t *testing.T, p *peer, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %s: %v", p, what, err)
	}
}

// nexus' client writes null for the arguments of a CALL, PUBLISH and YIELD that has only keyword arguments.
func TestNexusWritesNullForAbsentArguments(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	s := startServer(t, fmt.Sprintf("%srawsocket: [{listen: 'unix://%s'}]\n", contracts, socket))
	strict := startServer(t, contracts+"protocol: strict\n")
	own := ownPeer(t, s)
	mustDo(t, own, "subscribe", own.subscribe(patient(t), "shared.nexus", "exact"))
	mustDo(t, own, "register", own.register(patient(t), own.procedure()))
	keywords := payload{Kwargs: map[string]any{"a": "b"}}
	for _, p := range nexusPeers(t) {
		t.Run(p.String(), func(t *testing.T) {
			ctx := patient(t)
			enter(t, s, p, socket)
			mustDo(t, p, "publish", p.publish(ctx, "shared.nexus", keywords))
			event, err := next(ctx, own)
			mustDo(t, own, "event", errors.Join(err, same(keywords, event)))
			result, err := p.call(ctx, own.procedure(), keywords)
			mustDo(t, p, "call", errors.Join(err, same(keywords, result)))
			mustDo(t, p, "register", p.register(ctx, p.procedure()))
			result, err = own.call(ctx, p.procedure(), keywords)
			mustDo(t, own, "call", errors.Join(err, same(keywords, result)))
			mustDo(t, p, "publish", p.publish(ctx, "shared.nexus", payload{}))
			event, err = next(ctx, own)
			mustDo(t, own, "event", errors.Join(err, same(payload{}, event)))

			if p.transport != webSocket {
				return
			}
			enter(t, strict, p, "") // which shows that the client writes null
			if err := p.publish(ctx, "shared.nexus", keywords); err == nil {
				t.Error("a strict server accepts the publication")
			}
		})
	}
}

// A page cuts a text with slice, and sends it with npm's clients.
func TestATextThatWasCutFailsAlone(t *testing.T) {
	needsNode(t)
	s := startServer(t, contracts)
	own := ownPeer(t, s)
	cut := map[string]any{"$cut": true}
	for _, name := range []string{"autobahn", "wampy"} {
		p := &peer{client: name, serialization: "json"}
		p.start = func(t *testing.T) driver { return startProcess(t, webSocket, "node", "peers/peer.mjs", name, "json") }
		t.Run(name, func(t *testing.T) {
			ctx := patient(t)
			enter(t, s, p, "")
			mustDo(t, p, "register", p.register(ctx, p.procedure()))
			for what, err := range map[string]error{
				"publish": p.publish(ctx, "shared.cut", payload{Args: []any{"whole", cut}}),
				"call":    second(p.call(ctx, p.procedure(), payload{Args: []any{cut}})),
				"yield":   second(own.call(ctx, p.procedure(), payload{Kwargs: map[string]any{"send": cut}})),
			} {
				if err == nil || !strings.Contains(err.Error(), "half of a surrogate pair") && !strings.Contains(err.Error(), "wamp.error.invalid_argument") {
					t.Errorf("%s: %v", what, err)
				}
			}
			whole := payload{Args: []any{"whole"}}
			result, err := own.call(ctx, p.procedure(), whole)
			mustDo(t, p, "answer after it", errors.Join(err, same(whole, result)))
		})
	}
}

func second(_ payload, err error) error { return err }

// The packers of npm's clients write a Date as a timestamp of MessagePack, or as a tag of CBOR.
func TestADateArrivesAsText(t *testing.T) {
	needsNode(t)
	s := startServer(t, contracts)
	own := ownPeer(t, s)
	mustDo(t, own, "subscribe", own.subscribe(patient(t), "shared.date", "exact"))
	const date = "2013-03-21T20:04:00.250Z"
	for _, p := range []*peer{
		{client: "autobahn", serialization: "json"},
		{client: "autobahn", serialization: "msgpack"},
		{client: "autobahn", serialization: "cbor"},
		{client: "wampy", serialization: "json"},
		{client: "wampy", serialization: "msgpack"},
		{client: "wampy", serialization: "cbor"},
	} {
		t.Run(p.String(), func(t *testing.T) {
			p.start = func(t *testing.T) driver {
				return startProcess(t, webSocket, "node", "peers/peer.mjs", p.client, p.serialization)
			}
			ctx := patient(t)
			enter(t, s, p, "")
			mustDo(t, p, "publish", p.publish(ctx, "shared.date", payload{Args: []any{map[string]any{"$date": date}}}))
			event, err := next(ctx, own)
			mustDo(t, own, "event", errors.Join(err, same(payload{Args: []any{date}}, event)))
		})
	}
}

// Contracts can be declared for the usual names of version 1, and version 2 knows them with %23.
func TestNamesOfVersion1CanBeDeclared(t *testing.T) {
	needsNode(t)
	s := startServer(t, strings.Replace(contracts, "procedures:\n", `  http://example.com/event#new: {subscribe: identity.role == "staff", publish: identity.role == "staff"}
  http://example.com/event#old: {publish: identity.role == "staff"}
procedures:
  http://example.com/calc#add: {call: "true", register: "true"}
`, 1))
	own := ownPeer(t, s)
	p := &peer{client: "v1", serialization: "json", version1: true}
	p.start = func(t *testing.T) driver { return startProcess(t, webSocket, "node", "peers/peer.mjs", "v1", "json") }
	enter(t, s, p, "")
	ctx := patient(t)
	const v1, v2 = "http://example.com/event#new", "http://example.com/event%23new"
	mustDo(t, p, "subscribe", p.subscribe(ctx, v1, "exact"))
	mustDo(t, own, "subscribe", own.subscribe(ctx, v2, "exact"))
	for _, sender := range []struct {
		*peer
		topic string
	}{{p, v1}, {own, v2}} {
		sent := payload{Args: []any{sender.String()}}
		mustDo(t, sender.peer, "publish", sender.publishToAll(ctx, sender.topic, sent))
		for _, receiver := range []*peer{p, own} {
			event, err := next(ctx, receiver)
			mustDo(t, receiver, "event", errors.Join(err, same(sent, event)))
		}
	}
	mustDo(t, own, "register", own.register(ctx, "http://example.com/calc%23add"))
	result, err := p.call(ctx, "http://example.com/calc#add", payload{Args: []any{"3"}})
	mustDo(t, p, "call", errors.Join(err, same(payload{Args: []any{"3"}}, result)))
	for _, topic := range []string{"http://example.com/event%23old", "http://example.com/event%23none", v1} {
		if err := own.subscribe(ctx, topic, "exact"); err == nil {
			t.Errorf("%s: subscribed", topic)
		}
	}
}
