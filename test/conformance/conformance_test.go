package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/server"
)

// patience bounds the wait for an answer that comes at once unless the machine is busy.
const patience = time.Minute

// peer is one client with one serialization, and its row in the table.
type peer struct {
	driver
	start         func(t *testing.T) driver // another one of the same kind
	client        string
	serialization string
	transport     transport
	version1      bool
	// Whether the client reads and writes integers of 64 bits in its serialization. JavaScript's own JSON has none; the
	// other cases are choices of the client's serializers.
	reads, writes bool
}

// transport names the transport of a client.
type transport string

const (
	webSocket transport = ""
	batched   transport = "batched" // WebSocket, several messages in one
	rawSocket transport = "rawsocket"
	longPoll  transport = "longpoll"
)

func (p *peer) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", p.client, p.serialization, p.transport))
}

func (p *peer) user() string { return strings.ReplaceAll(p.String(), " ", "-") }

func (p *peer) procedure() string { return "echo." + strings.ReplaceAll(p.String(), " ", ".") }

func allPeers(t *testing.T) []*peer {
	peers := []*peer{
		{client: "autobahn", serialization: "json"},
		{client: "autobahn", serialization: "msgpack"},
		{client: "autobahn", serialization: "cbor", reads: true},
		{client: "autobahn", serialization: "json", transport: longPoll},
		{client: "wampy", serialization: "json"},
		{client: "wampy", serialization: "msgpack", reads: true, writes: true},
		{client: "wampy", serialization: "cbor", writes: true},
		{client: "v1", serialization: "json", version1: true},
	}
	for _, p := range peers {
		p.start = func(t *testing.T) driver {
			return startProcess(t, p.transport, "node", "peers/peer.mjs", p.client, p.serialization)
		}
	}
	peers = append(peers, pythonPeers(t)...)
	peers = append(peers, nexusPeers(t)...)
	for _, s := range []client.Serialization{client.JSON, client.MessagePack, client.CBOR} {
		peers = append(peers, &peer{
			client: "tidings", serialization: s.String(), reads: true, writes: true,
			start: func(*testing.T) driver { return newOwn(s) },
		})
	}
	return peers
}

// world is the server with all clients connected to it.
type world struct {
	*report
	server *server.Server
	socket string // of WAMP without HTTP
	peers  []*peer
}

// version2 returns the peers that speak WAMP 2: they get acknowledgments, and register procedures.
func (w *world) version2() []*peer {
	var list []*peer
	for _, p := range w.peers {
		if !p.version1 {
			list = append(list, p)
		}
	}
	return list
}

// needsNode skips a test of clients for Node.js if Node.js or their packages are not installed.
func needsNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("node_modules")
	}
	if err != nil {
		t.Skipf("install Node.js 20 and run npm ci in test/conformance: %v", err)
	}
}

func TestEveryClientTalksToEveryOther(t *testing.T) {
	needsNode(t)
	socket := filepath.Join(t.TempDir(), "wamp.sock")
	w := &world{socket: socket, peers: allPeers(t)}
	w.server = startServer(t, fmt.Sprintf("%slongpoll: true\nrawsocket: [{listen: 'unix://%s'}]\n", contracts, socket))
	w.report = newReport(w.peers)
	t.Cleanup(func() { t.Logf("what works between all of them:\n%s", w) })
	for _, p := range w.peers {
		p.driver = p.start(t)
	}
	for _, step := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"a ticket lets in once", ticketsLetInOnce},
		{"events reach all other clients unchanged", eventsReachAllOthers},
		{"binary stays binary", binaryStaysBinary},
		{"undefined is null", undefinedIsNull},
		{"integers of 64 bits stay exact", integersStayExact},
		{"every client calls the procedures of all clients", callsReachAll},
		{"errors keep URI and arguments", errorsKeepTheirArguments},
		{"patterns match", patternsMatch},
		{"publishers receive their own events as their version says", publishersHearThemselves},
		{"forbidden actions are refused", forbiddenActionsAreRefused},
		{"retained events reach later subscribers", retainedReachesLaterSubscribers},
		{"callees share a procedure", calleesShare},
		{"calls end in time", callsEndInTime},
		{"results come in parts", resultsComeInParts},
		{"an unregistered procedure is gone", unregisteredIsGone},
		{"all sessions end with GOODBYE", allLeave},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, w) }) {
			break // the steps build on each other
		}
	}
}

// patient returns the context of one step.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// together calls do for all peers concurrently, and waits.
func together(peers []*peer, do func(*peer)) {
	var all sync.WaitGroup
	for _, p := range peers {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

func ticketsLetInOnce(t *testing.T, w *world) {
	ctx := patient(t)
	together(w.peers, func(p *peer) {
		ticket, err := issueTicket(ctx, w.server.Addr(), p.user())
		if !w.check(t, p, tickets, err) {
			return
		}
		used := login{address: w.server.Addr(), socket: w.socket, user: p.user(), ticket: ticket}
		s, err := p.connect(ctx, used)
		if err == nil && !p.version1 && (s.AuthID != p.user() || s.AuthRole != "staff") { // version 1 does not tell a client its identity
			err = fmt.Errorf("let in as %+v", s)
		}
		if !w.check(t, p, tickets, err) {
			return
		}
		if _, err := p.start(t).connect(ctx, used); err == nil {
			w.check(t, p, tickets, errors.New("the same ticket logged in twice"))
		}
	})
}

// next returns a peer's next event.
func next(ctx context.Context, p *peer) (payload, error) {
	select {
	case e := <-p.events():
		return e, nil
	case <-ctx.Done():
		return payload{}, errors.New("no event came")
	}
}

// value returns the one value that a client of version 1 gets for a payload.
func (p payload) value() any {
	switch {
	case len(p.Kwargs) == 0 && len(p.Args) == 0:
		return nil
	case len(p.Kwargs) == 0 && len(p.Args) == 1:
		return p.Args[0]
	case len(p.Kwargs) == 0:
		return p.Args
	case len(p.Args) == 0:
		return p.Kwargs
	}
	return map[string]any{"args": p.Args, "kwargs": p.Kwargs}
}

// sentBy returns the payload in the form that a peer can send.
func (p payload) sentBy(sender *peer) payload {
	if sender.version1 {
		return payload{Args: []any{p.value()}}
	}
	return p
}

// seenBy returns the payload in the form that a peer receives.
func (p payload) seenBy(receiver *peer) payload {
	if receiver.version1 {
		return payload{Args: []any{p.value()}}
	}
	return p
}

func same(want, got payload) error {
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("payload changed (-sent +received)\n%s", diff)
	}
	return nil
}
