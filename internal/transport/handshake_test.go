package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestHandshakesThatAreAccepted(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	cases := []struct {
		name, target, protocol string
		headers                []string
	}{
		{"the least", "/ws", "", nil},
		{"tokens of any case, among others", "/ws", "", []string{"Upgrade: foo, WebSocket", "Connection: keep-alive, UPGRADE"}},
		{"tokens on lines of their own", "/ws", "", []string{"Connection: keep-alive", "Connection: Upgrade"}},
		{"a target in absolute form", "ws://127.0.0.1:1234/ws?x=y", "", []string{"Host: 127.0.0.1:1234"}},
		{"the first subprotocol of the client's list that is spoken", "/ws", "text", []string{"Sec-WebSocket-Protocol: nope, text, echo"}},
		{"subprotocols on lines of their own", "/ws", "binary", []string{"Sec-WebSocket-Protocol: nope", "Sec-WebSocket-Protocol: binary, echo"}},
		{"no subprotocol, none echoed", "/ws", "", []string{"Sec-WebSocket-Protocol:"}},
		{"an extension that nobody knows", "/ws", "", []string{"Sec-WebSocket-Extensions: x-frobnicate; a=1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := upgraded(t, dialRaw(t, s.addr), upgradeRequest(c.target, c.headers...))
			if client.protocol != c.protocol || client.extension != "" {
				t.Errorf("subprotocol %q and extensions %q, want %q and none", client.protocol, client.extension, c.protocol)
			}
			client.send(masked(fin|opBinary, "x"))
		})
	}
}

func TestHandshakesThatAreRefusedWithAProblem(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	upgrade := upgradeRequest
	cases := []struct {
		name, request string
		status        int
		reason        transport.Refusal
		header        string // "Name: value" that the answer has
	}{
		{"a plain request", "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426, transport.RefusedUpgrade, "Upgrade: websocket"},
		{"another method", strings.Replace(upgrade("/ws"), "GET", "POST", 1), 405, transport.RefusedMethod, "Allow: GET, POST"},
		{"HTTP/1.0", strings.Replace(upgrade("/ws"), "HTTP/1.1", "HTTP/1.0", 1), 426, transport.RefusedUpgrade, ""},
		{"no Connection: Upgrade", upgrade("/ws", "Connection: keep-alive"), 426, transport.RefusedUpgrade, "Connection: Upgrade"},
		{"an upgrade to something else", upgrade("/ws", "Upgrade: h2c"), 426, transport.RefusedUpgrade, ""},
		{"an older version", upgrade("/ws", "Sec-WebSocket-Version: 8"), 426, transport.RefusedVersion, "Sec-WebSocket-Version: 13"},
		{"no version", upgrade("/ws", "Sec-WebSocket-Version:"), 426, transport.RefusedVersion, "Sec-WebSocket-Version: 13"},
		{"no key", upgrade("/ws", "Sec-WebSocket-Key:"), 400, transport.RefusedKey, ""},
		{"two keys", upgrade("/ws", "Sec-WebSocket-Key: "+testKey, "Sec-WebSocket-Key: "+testKey), 400, transport.RefusedKey, ""},
		{"a key of 15 bytes", upgrade("/ws", "Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1"), 400, transport.RefusedKey, ""},
		{"a key that is not base64", upgrade("/ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!=="), 400, transport.RefusedKey, ""},
		{"a body", upgrade("/ws", "Content-Length: 2") + "hi", 400, transport.RefusedBody, ""},
		{"a chunked body", upgrade("/ws", "Transfer-Encoding: chunked") + "0\r\n\r\n", 400, transport.RefusedBody, ""},
		{"extensions that cannot be read", upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate; =;"), 400, transport.RefusedExtension, ""},
		{"a foreign origin", upgrade("/ws", "Origin: https://evil.example"), 403, transport.RefusedOrigin, ""},
		{"no subprotocol that is spoken", upgrade("/ws", "Sec-WebSocket-Protocol: mqtt, nope"), 400, transport.RefusedSubprotocol, ""},
		{"a ticket where none are taken", upgrade("/ws?ticket=abc"), 401, transport.RefusedTicket, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			response, body := s.refused(t, c.request)
			var problem struct {
				Title, Detail, Reason string
				Status                int
				Protocols             []string
			}
			if err := json.Unmarshal([]byte(body), &problem); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if response.StatusCode != c.status || problem.Status != c.status || problem.Reason != string(c.reason) ||
				problem.Title != http.StatusText(c.status) || problem.Detail == "" {
				t.Errorf("%s %s", response.Status, body)
			}
			if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type is %q", got)
			}
			if name, value, _ := strings.Cut(c.header, ": "); response.Header.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, response.Header.Get(name), value)
			}
			if c.reason == transport.RefusedSubprotocol && strings.Join(problem.Protocols, " ") != "echo text binary" {
				t.Errorf("protocols that are spoken: %v", problem.Protocols)
			}
		})
	}
	stats := s.Stats()
	if stats.Accepted != 0 || stats.Refused[transport.RefusedVersion] != 2 || stats.Refused[transport.RefusedKey] != 4 {
		t.Errorf("counted %+v", stats)
	}
}

func TestARefusalLeavesTheConnectionUsable(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	nc := dialRaw(t, s.addr)
	io.WriteString(nc, upgradeRequest("/ws", "Sec-WebSocket-Version: 8"))
	buffer := make([]byte, 4096)
	if n, err := nc.Read(buffer); err != nil || !strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 426") {
		t.Fatalf("%v %s", err, buffer[:n])
	}
	upgraded(t, nc, upgradeRequest("/ws"))
}

// tickets accepts one ticket, once.
type tickets struct {
	valid string

	mu   sync.Mutex // guards used
	used bool
}

func (k *tickets) Redeem(_ context.Context, ticket string, _ netip.Addr) (*peer.Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case ticket == "broken store":
		return nil, errors.New("secret detail of the store")
	case ticket == "no store":
		return nil, wamp.Fail(wamp.ErrAuthenticationFailed, "tickets cannot be checked at the moment")
	case ticket != k.valid:
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket is not one of ours")
	case k.used:
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket was used before")
	}
	k.used = true
	return &peer.Identity{ID: "ann"}, nil
}

func TestATicketInTheAddressIsTheIdentityOfThePeer(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Tickets: &tickets{valid: "a+b=/c"}})

	response, body := s.refused(t, upgradeRequest("/ws?ticket=forged"))
	if response.StatusCode != 401 || !strings.Contains(body, "not one of ours") {
		t.Errorf("a forged ticket: %s %s", response.Status, body)
	}
	if response, body := s.refused(t, upgradeRequest("/ws?ticket=no+store")); response.StatusCode != 503 || !strings.Contains(body, `"unchecked"`) {
		t.Errorf("a ticket that nobody can check: %s %s", response.Status, body)
	}
	for _, query := range []string{"ticket=", "ticket=a%2Bb%3D%2Fc&ticket=other"} {
		if response, body := s.refused(t, upgradeRequest("/ws?"+query)); response.StatusCode != 401 {
			t.Errorf("%s: %s %s", query, response.Status, body)
		}
	}
	response, body = s.refused(t, upgradeRequest("/ws?ticket=broken+store"))
	if response.StatusCode != 500 || strings.Contains(body, "secret") {
		t.Errorf("trouble of our own: %s %s", response.Status, body)
	}
	// What fails for another reason does not spend the ticket.
	s.refused(t, upgradeRequest("/ws?ticket=a%2Bb%3D%2Fc", "Origin: https://evil.example"))
	s.refused(t, upgradeRequest("/ws?ticket=a%2Bb%3D%2Fc", "Sec-WebSocket-Protocol: nope"))

	upgraded(t, dialRaw(t, s.addr), upgradeRequest("/ws?ticket=a%2Bb%3D%2Fc", "User-Agent: test"))
	peer := handler.all()[0].info.Peer
	if peer.Identity == nil || peer.Identity.ID != "ann" || peer.UserAgent != "test" || peer.RemoteAddr != "127.0.0.1" || peer.TLS {
		t.Errorf("the peer is %+v", peer)
	}
	response, body = s.refused(t, upgradeRequest("/ws?ticket=a%2Bb%3D%2Fc"))
	if response.StatusCode != 401 || !strings.Contains(body, "used before") {
		t.Errorf("a second use: %s %s", response.Status, body)
	}
}

// ofPrograms are tickets of programs of the application.
type ofPrograms struct{ tickets }

func (*ofPrograms) OfBackend(ticket string) bool { return strings.HasPrefix(ticket, "program") }

func TestProgramsConnectWhileTheClientsAreDrained(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	handler.hold = make(chan struct{})
	s := serve(t, transport.Options{Handler: handler, Tickets: &ofPrograms{tickets{valid: "program"}}})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	<-handler.draining
	for _, path := range []string{"/ws", "/ws?ticket=page"} {
		if response, body := s.refused(t, upgradeRequest(path)); response.StatusCode != 503 || !strings.Contains(body, `"draining"`) {
			t.Errorf("%s: %s %s", path, response.Status, body)
		}
	}
	if response, body := s.refused(t, upgradeRequest("/ws?ticket=program+of+another")); response.StatusCode != 401 {
		t.Errorf("a ticket that is none: %s %s", response.Status, body)
	}
	upgraded(t, dialRaw(t, s.addr), upgradeRequest("/ws?ticket=program"))
	close(handler.hold)
	<-stopped
	if response, body := s.refused(t, upgradeRequest("/ws?ticket=program")); response.StatusCode != 503 {
		t.Errorf("after the end: %s %s", response.Status, body)
	}
}

func TestAConversationThatCannotOpenIsRefused(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	handler.refuse = errors.New("who are you")
	s := serve(t, transport.Options{Handler: handler})
	response, body := s.refused(t, upgradeRequest("/ws"))
	if response.StatusCode != 401 || !strings.Contains(body, "who are you") {
		t.Errorf("%s %s", response.Status, body)
	}
	if reason := handler.goneWith(t); reason != "lost" {
		t.Errorf("the conversation was told %s", reason)
	}
}

func TestAConnectionTooManyIsRefusedUntilOneLeaves(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Limits: transport.Limits{MaxConnections: 2}})
	first := s.dial(t)
	s.dial(t)
	response, body := s.refused(t, upgradeRequest("/ws"))
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || !strings.Contains(body, `"full"`) {
		t.Errorf("%s %s", response.Status, body)
	}
	first.nc.Close()
	handler.goneWith(t)
	for begin := time.Now(); ; { // its place is free a moment after it was told
		response, body := s.refused(t, upgradeRequest("/ws"))
		if response.StatusCode == http.StatusSwitchingProtocols {
			return
		}
		if time.Since(begin) > patience {
			t.Fatalf("still refused: %s %s", response.Status, body)
		}
	}
}

// hardened serves the echo by a hardened server, until the test ends.
func hardened(t *testing.T, web *http.Server) (address string) {
	t.Helper()
	transport.SetTimeouts(web)
	server, err := newServer(transport.Options{Handler: newEcho()})
	if err != nil {
		t.Fatal(err)
	}
	web.Handler = server
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	var open sync.WaitGroup // net/http lingers on a connection that it has refused
	web.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			open.Add(1)
		}
		if state == http.StateClosed || state == http.StateHijacked {
			open.Done()
		}
	}
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		web.Close()
		<-served
		open.Wait()
	})
	return listener.Addr().String()
}

func TestAHandshakeThatTricklesInIsCutOff(t *testing.T) {
	t.Parallel()
	web := &http.Server{ReadHeaderTimeout: 50 * time.Millisecond}
	slow := dialRaw(t, hardened(t, web))
	if web.ReadHeaderTimeout != 50*time.Millisecond || web.MaxHeaderBytes != transport.MaxHeaderBytes || web.IdleTimeout == 0 {
		t.Fatalf("hardened to %+v", web)
	}
	io.WriteString(slow, "GET /ws HTTP/1.1\r\nHost: x\r\n")
	answer, err := io.ReadAll(slow)
	if errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(answer), " 101 ") { // a reset is an end, too
		t.Errorf("a slow handshake: %v %s", err, answer)
	}
}

func TestAFloodOfHeadersIsRefused(t *testing.T) {
	t.Parallel()
	flood := dialRaw(t, hardened(t, &http.Server{}))
	io.WriteString(flood, upgradeRequest("/ws", "Cookie: "+strings.Repeat("x", 40<<10)))
	buffer := make([]byte, 100)
	n, _ := flood.Read(buffer)
	if !strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 431") {
		t.Errorf("a flood of headers: %q", buffer[:n])
	}
}

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	t.Parallel()
	if _, err := newServer(transport.Options{}); err == nil {
		t.Error("nobody to speak to")
	}
	_, err := newServer(transport.Options{Handler: newEcho(), Origins: []string{"https://a.example", "b.example"}})
	if err == nil || !strings.Contains(err.Error(), `"b.example"`) || !strings.Contains(err.Error(), "https://b.example") {
		t.Errorf("a bad origin: %v", err)
	}
}
