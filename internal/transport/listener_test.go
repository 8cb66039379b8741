package transport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/transport"
)

// strange are requests that the upgrade listener leaves to net/http.
func strange() map[string]string {
	plain := upgradeRequest("/ws")
	insert := func(line string) string { return strings.Replace(plain, "Upgrade:", line+"\r\nUpgrade:", 1) }
	return map[string]string{
		"another path":                   upgradeRequest("/wsx"),
		"no upgrade":                     "GET /ws HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"another method":                 strings.Replace(plain, "GET", "POST", 1),
		"HTTP/1.0":                       strings.Replace(plain, "HTTP/1.1", "HTTP/1.0", 1),
		"HTTP/3.7":                       strings.Replace(plain, "HTTP/1.1", "HTTP/3.7", 1),
		"a target in absolute form":      upgradeRequest("http://example.com/ws"),
		"no host":                        upgradeRequest("/ws", "Host:"),
		"two hosts":                      insert("Host: example.org"),
		"a host with a space":            upgradeRequest("/ws", "Host: exa mple"),
		"a body":                         strings.Replace(insert("Content-Length: 4"), "\r\n\r\n", "\r\n\r\nbody", 1),
		"a body in pieces":               strings.Replace(insert("Transfer-Encoding: chunked"), "\r\n\r\n", "\r\n\r\n0\r\n\r\n", 1),
		"a line that goes on":            insert("X-Long: a\r\n b"),
		"lines without carriage returns": strings.ReplaceAll(plain, "\r\n", "\n"),
		"a bare line feed":               insert("X-A: a\nX-B: b"),
		"a bare carriage return":         insert("X-A: a\rb"),
		"a control character":            insert("X-A: a\x01b"),
		"a null":                         insert("X-A: \x00"),
		"letters of other scripts":       insert("X-A: \u00e4"),
		"a space in a name":              insert("X A: a"),
		"no colon":                       insert("X-A"),
		"the last request":               upgradeRequest("/ws", "Connection: close, Upgrade"),
		"the last, and refused":          upgradeRequest("/ws", "Connection: close, Upgrade", "Sec-WebSocket-Version: 8"),
		"an expectation":                 insert("Expect: the unexpected"),
		"the host of another handler":    upgradeRequest("/ws", "Host: other.example"),
		"more than is read at once":      insert("X-A: " + strings.Repeat("a", 5<<10)),
		"nonsense":                       "\x16\x03\x01\x02\x00\r\n\r\n",
	}
}

// plain are requests that the upgrade listener takes.
func plain() map[string]string {
	return map[string]string{
		"an upgrade":            upgradeRequest("/ws"),
		"with a query":          upgradeRequest("/ws?a=b&c=%20"),
		"a subprotocol":         upgradeRequest("/ws", "Sec-WebSocket-Protocol: text"),
		"compression":           upgradeRequest("/ws", "Sec-WebSocket-Extensions: permessage-deflate"),
		"an address":            upgradeRequest("/ws", "Host: [::1]:8080"),
		"not a WebSocket":       upgradeRequest("/ws", "Upgrade: h2c"),
		"an old version":        upgradeRequest("/ws", "Sec-WebSocket-Version: 8"),
		"a key that is none":    upgradeRequest("/ws", "Sec-WebSocket-Key: x"),
		"a foreign page":        upgradeRequest("/ws", "Origin: https://elsewhere.example"),
		"a subprotocol unknown": upgradeRequest("/ws", "Sec-WebSocket-Protocol: soap"),
		"a query of nonsense":   upgradeRequest("/ws?%zz=;"),
	}
}

// roads returns the addresses of the same server with and without an upgrade listener.
func roads(t *testing.T, byNetHTTP *atomic.Int64) (through, beside string) {
	for _, addr := range []*string{&through, &beside} {
		handler := newEcho()
		handler.opened = func(ctx context.Context) {
			if ctx.Value(http.ServerContextKey) != nil {
				byNetHTTP.Add(1)
			}
		}
		server, err := newServer(transport.Options{Handler: handler})
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		mux.Handle("/ws", server)
		mux.HandleFunc("other.example/ws", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		web := httptest.NewUnstartedServer(mux)
		transport.SetTimeouts(web.Config)
		if addr == &through {
			web.Listener = server.UpgradeListener(web.Listener, "/ws", func(r *http.Request) bool {
				handler, _ := mux.Handler(r)
				return handler == server
			})
		}
		web.Start()
		stop := runServer(t, server)
		t.Cleanup(func() {
			web.Close()
			stop()
		})
		*addr = web.Listener.Addr().String()
	}
	return through, beside
}

// answer is what a request gets, without the time of day.
func answer(t *testing.T, addr, request string) string {
	t.Helper()
	nc := dialRaw(t, addr)
	defer nc.Close()
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	response.Header.Del("Date")
	text := fmt.Sprintln(response.Status, response.ContentLength, response.Close, response.Header)
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		text += string(body)
	}
	return text
}

func TestTheUpgradeListenerAnswersAsNetHTTPDoes(t *testing.T) {
	t.Parallel()
	var byNetHTTP atomic.Int64
	through, beside := roads(t, &byNetHTTP)
	for _, requests := range []map[string]string{plain(), strange()} {
		for name, request := range requests {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(answer(t, beside, request), answer(t, through, request)); diff != "" {
					t.Errorf("without (-) and with (+) an upgrade listener:\n%s", diff)
				}
			})
		}
	}
}

func TestTheUpgradeListenerLeavesDoubtfulRequestsToNetHTTP(t *testing.T) {
	t.Parallel()
	if !hasEpoll() {
		t.Skip("net/http answers every upgrade")
	}
	var byNetHTTP atomic.Int64
	through, _ := roads(t, &byNetHTTP)
	for name, request := range plain() {
		if answer(t, through, request); byNetHTTP.Load() != 0 {
			t.Errorf("%s: net/http saw it", name)
			byNetHTTP.Store(0)
		}
	}
	for name, request := range strange() {
		if got := answer(t, through, request); strings.HasPrefix(got, "101 ") && byNetHTTP.Load() == 0 {
			t.Errorf("%s: net/http did not see it", name)
		}
		byNetHTTP.Store(0)
	}
}

func TestARequestInPiecesIsUpgraded(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	request := upgradeRequest("/ws")
	for _, at := range []int{1, 20, len(request) - 1} {
		nc := dialRaw(t, s.addr)
		io.WriteString(nc, request[:at])
		s.dial(t) // a client in between
		client := upgraded(t, nc, request[at:])
		client.send(masked(fin|opText, "whole"))
		client.wants(fin|opText, "whole")
	}
}

func TestBytesBehindTheRequestAreRead(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	early := string(masked(fin|opText, "early"))
	for name, request := range map[string]string{
		"a plain request":   upgradeRequest("/ws"),
		"left to net/http":  upgradeRequest("/ws", "X-A: \u00e4"),
		"behind another":    "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n" + upgradeRequest("/ws"),
		"behind a refusal":  upgradeRequest("/ws", "Sec-WebSocket-Version: 8") + upgradeRequest("/ws"),
		"a long one before": "GET /ws HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 3500) + "\r\n\r\n" + upgradeRequest("/ws"),
	} {
		t.Run(name, func(t *testing.T) {
			nc := dialRaw(t, s.addr)
			io.WriteString(nc, request+early)
			client := &client{t: t, nc: nc, br: bufio.NewReader(nc)}
			for status := 0; status != http.StatusSwitchingProtocols; {
				response, err := http.ReadResponse(client.br, nil)
				if err != nil {
					t.Fatal(err)
				}
				if status = response.StatusCode; status != http.StatusSwitchingProtocols {
					io.Copy(io.Discard, response.Body)
				}
			}
			client.wants(fin|opText, "early")
			client.send(masked(fin|opText, "late"))
			client.wants(fin|opText, "late")
		})
	}
}

func TestAPanicInAHandshakeEndsThatConnectionOnly(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	handler.opened = func(context.Context) {
		if len(handler.all()) > 1 {
			panic("as the test wants")
		}
	}
	s := serve(t, transport.Options{Handler: handler})
	first := s.dial(t)
	second := dialRaw(t, s.addr)
	io.WriteString(second, upgradeRequest("/ws"))
	if answer, err := io.ReadAll(second); len(answer) > 0 {
		t.Errorf("answered %s (%v)", answer, err)
	}
	first.send(masked(fin|opText, "still here"))
	first.wants(fin|opText, "still here")
}

func TestAClosedUpgradeListenerAcceptsNoMore(t *testing.T) {
	t.Parallel()
	plain, upgrades := upgradesAlone(t)
	if upgrades.Addr().String() != plain.Addr().String() {
		t.Errorf("it is at %s", upgrades.Addr())
	}
	if err := upgrades.Close(); err != nil {
		t.Error(err)
	}
	if _, err := upgrades.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if nc, err := net.Dial("tcp", plain.Addr().String()); err == nil {
		nc.Close()
		t.Error("a closed listener was connected to")
	}
}

// upgradesAlone returns an upgrade listener that no HTTP server serves.
func upgradesAlone(t *testing.T) (plain, upgrades net.Listener) {
	server, err := newServer(transport.Options{Handler: newEcho()})
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	upgrades = server.UpgradeListener(plain, "/ws", isOurs)
	t.Cleanup(func() {
		upgrades.Close() // twice is harmless
		runServer(t, server)()
	})
	return plain, upgrades
}

// isOurs is for servers that have nothing else.
func isOurs(*http.Request) bool { return true }

func TestAnUpgradeListenerEndsWithItsListener(t *testing.T) {
	t.Parallel()
	plain, upgrades := upgradesAlone(t)
	plain.Close()
	if nc, err := net.Dial("tcp", plain.Addr().String()); err == nil { // the next client
		defer nc.Close()
		io.WriteString(nc, upgradeRequest("/ws"))
	}
	if _, err := upgrades.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
}

func TestAConnectionWithoutAPeerIsNotPassedOn(t *testing.T) {
	t.Parallel()
	var nowhere atomic.Int64
	server, err := newServer(transport.Options{Handler: newEcho()})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.RemoteAddr == "" {
			nowhere.Add(1)
		}
	}))
	web.Listener = server.UpgradeListener(web.Listener, "/ws", isOurs)
	web.Start()
	for i := range 500 { // a request and a reset, at various distances
		nc, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		for range i % 200 {
			runtime.Gosched()
		}
		nc.(*net.TCPConn).SetLinger(0)
		nc.Close()
	}
	web.Close()
	runServer(t, server)()
	if n := nowhere.Load(); n > 0 {
		t.Errorf("%d requests came from nowhere", n)
	}
}

// runServer runs a transport until stop is called.
func runServer(t *testing.T, server *transport.Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}
}
