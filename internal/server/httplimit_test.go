package server_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// startTLS runs a configuration with a certificate.
func startTLS(t *testing.T, yaml string) (*running, *x509.CertPool) {
	t.Helper()
	folder := t.TempDir()
	pool := certificate(t, folder)
	file := write(t, folder, "tidings.yaml", yaml+"tls: {cert: cert.pem, key: key.pem}\n")
	parsed, err := config.Load(file, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	r.url = strings.Replace(r.url, "http://", "https://", 1)
	return r, pool
}

// connect connects without a request. pool is nil without TLS.
func (r *running) connect(pool *x509.CertPool) net.Conn {
	r.t.Helper()
	nc, err := net.Dial("tcp", r.server.Addr())
	if err != nil {
		r.t.Fatal(err)
	}
	if pool != nil {
		nc = tls.Client(nc, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	}
	r.t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// raw sends a request as it is, and returns the response without its body.
func (r *running) raw(pool *x509.CertPool, request string) *http.Response {
	r.t.Helper()
	nc := r.connect(pool)
	if _, err := io.WriteString(nc, request); err != nil {
		r.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		r.t.Fatalf("%q: %v", request, err)
	}
	response.Body.Close()
	return response
}

const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"

// TestResponsesThatAreNotReadEnd has clients that ask as often as they can and read nothing, for each kind of response.
func TestResponsesThatAreNotReadEnd(t *testing.T) {
	const limits = "http: {write: 1s}\nlongpoll: true\n"
	plain := start(t, basic+limits)
	secure, pool := startTLS(t, basic+limits)
	requests := []string{
		"GET /client/tidings.js", "GET /api/v1/openapi.json", "GET /metrics", "GET /healthz", "GET /nothing", "GET /ws",
		"POST /longpoll/open", "POST /api/v1/publish",
	}
	for _, r := range []*running{plain, secure} {
		var clients sync.WaitGroup
		for _, request := range requests {
			clients.Go(func() {
				nc := r.connect(map[bool]*x509.CertPool{true: pool}[r == secure])
				pipelined := strings.Repeat(request+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 100)
				for range 1000 {
					if _, err := io.WriteString(nc, pipelined); errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("%s: the connection is held for ever", request)
					} else if err != nil {
						return
					}
				}
				t.Errorf("%s: 100000 requests were taken, although no response was read", request)
			})
		}
		clients.Wait()
		counted := httpMetrics(t, r, pool)
		if got := counted[`tidings_http_connections_closed_total{reason="slow"}`]; got != fmt.Sprint(len(requests)) {
			t.Errorf("%s connections were counted as slow, want %d", got, len(requests))
		}
		if got := counted["tidings_http_connections"]; got != "1" {
			t.Errorf("%s connections are open, want the one that asks", got)
		}
	}
}

// httpMetrics returns the metrics of HTTP connections. It asks over a connection of its own.
func httpMetrics(t *testing.T, r *running, pool *x509.CertPool) map[string]string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
	answer, err := (&http.Client{Transport: transport}).Get(r.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	found := make(map[string]string)
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(name, "tidings_http_connections") {
			found[name] = value
		}
	}
	return found
}

func TestHTTPConnectionsAreBounded(t *testing.T) {
	r := start(t, basic+"limits: {http_connections: 16}\n")
	var idle []net.Conn
	for range 40 {
		nc := r.connect(nil)
		fmt.Fprint(nc, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", response, err)
		}
		idle = append(idle, nc)
	}
	if _, err := idle[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection that waited longest: %v", err)
	}
	if got := httpMetrics(t, r, nil); got["tidings_http_connections"] != "16" || got[`tidings_http_connections_closed_total{reason="displaced"}`] != "25" {
		t.Errorf("counted %v", got)
	}
	for range 20 { // WebSockets are not counted among them
		if response := r.raw(nil, "GET /ws HTTP/1.1\r\nHost: x\r\n"+upgrade+"\r\n"); response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("a WebSocket was answered %s", response.Status)
		}
	}
}

func TestNoResponseMayBeSniffed(t *testing.T) {
	r := start(t, basic+"longpoll: true\n", func(s *server.Server) {
		s.Mount("/mounted", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<p>") }))
		s.Mount("/moved", http.RedirectHandler("/healthz", http.StatusFound))
	})
	const host = " HTTP/1.1\r\nHost: x\r\n"
	for _, request := range []string{
		"GET /healthz", "GET /readyz", "GET /metrics", "GET /client/tidings.js", "GET /client/nothing", "GET /client", "GET /nothing",
		"POST /healthz", "GET /api/v1/openapi.json", "GET /api/v1/nothing", "POST /api/v1/publish", "GET /api/v1/sessions",
		"GET /ws", "POST /ws", "POST /longpoll/open", "OPTIONS /longpoll/open", "GET /longpoll/open", "POST /longpoll/x/receive",
		"GET /mounted", "GET /moved", "GET http://x/healthz", "GET /../healthz",
	} {
		if response := r.raw(nil, request+host+"\r\n"); response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s %v", request, response.Status, response.Header)
		}
	}
	for _, wrong := range []string{"Origin: https://elsewhere.example\r\n", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Extensions: ;\r\n"} {
		response := r.raw(nil, "GET /ws"+host+wrong+upgrade+"\r\n")
		if response.StatusCode < 400 || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %s %v", wrong, response.Status, response.Header)
		}
	}
}

// TestTheHostIsNamedOnce sends requests that name the host in another place than the header Host, or twice.
func TestTheHostIsNamedOnce(t *testing.T) {
	plain := start(t, basic)
	secure, pool := startTLS(t, basic)
	for _, c := range []struct {
		head   string
		status int
	}{
		{"GET /ws HTTP/1.1\r\nHost: a.example", 101},
		{"GET /ws HTTP/1.1\r\nHost: a.example:8443", 101},
		{"GET http://other.example/ws HTTP/1.1\r\nHost: a.example", 421},
		{"GET https://other.example/ws HTTP/1.1\r\nHost: a.example", 421},
		{"GET HTTP://other.example/ws HTTP/1.1\r\nHost: other.example", 421},
		{"GET http://other.example/client/tidings.js HTTP/1.1\r\nHost: a.example", 421},
		{"GET http://other.example/api/v1/sessions HTTP/1.1\r\nHost: a.example", 421},
		{"CONNECT other.example:443 HTTP/1.1\r\nHost: a.example", 421},
		{"GET //other.example/ws HTTP/1.1\r\nHost: a.example", 404}, // a path
		{"GET /ws HTTP/1.1\r\nHost: a.example\r\nHost: other.example", 400},
		{"GET /ws HTTP/1.1\r\nHost: a.example\r\nhost: a.example", 400},
		{"GET /ws HTTP/1.1\r\nHost: a.example\r\n b.example", 400},
		{"GET /ws HTTP/1.1\r\nX: y", 400},
		{"GET /ws HTTP/1.1\r\nHost : a.example", 400},
		{"GET /ws HTTP/1.1\r\nHost: a example", 400},
		{"GET /ws HTTP/1.1\r\nHost: a.example/ws", 400},
		// A page is of the same origin only if the host is a host and nothing else.
		{"GET /ws HTTP/1.1\r\nHost: x@a.example\r\nOrigin: https://a.example", 400},
		{"GET /ws HTTP/1.1\r\nHost: a.example, b.example\r\nOrigin: https://a.example", 400},
		{"GET /ws HTTP/1.1\r\nHost:\r\nOrigin: https://a.example", 403},
		{"GET /ws HTTP/1.1\r\nHost: a.example:x\r\nOrigin: https://a.example", 403},
		{"GET /ws HTTP/1.1\r\nHost: A.EXAMPLE:443\r\nOrigin: https://a.example", 101},
	} {
		for name, r := range map[string]*running{"plain": plain, "TLS": secure} {
			response := r.raw(map[string]*x509.CertPool{"TLS": pool}[name], c.head+"\r\n"+upgrade+"\r\n")
			if response.StatusCode != c.status {
				t.Errorf("%s: %q: %s, want %d", name, c.head, response.Status, c.status)
			}
		}
	}
}

// TestAPageWithoutTLSDoesNotConnectOverTLS tries pages of the same host. Anyone on the way can change a page of http.
func TestAPageWithoutTLSDoesNotConnectOverTLS(t *testing.T) {
	r, pool := startTLS(t, strings.Replace(basic, "auth: {", "auth: {cookie: {}, ", 1)+"longpoll: true\n")
	for origin, status := range map[string]int{
		"https://a.example":      101,
		"https://a.example:443":  101,
		"http://a.example":       403,
		"http://a.example:443":   403,
		"http://a.example:80":    403,
		"https://a.example:8443": 403,
		"wss://a.example":        403,
		"ftp://a.example":        403,
	} {
		response := r.raw(pool, "GET /ws HTTP/1.1\r\nHost: a.example\r\nOrigin: "+origin+"\r\n"+upgrade+"\r\n")
		if response.StatusCode != status {
			t.Errorf("%s: %s, want %d", origin, response.Status, status)
		}
		cookies := response.Cookies()
		if status == 101 && (len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly || !strings.HasPrefix(cookies[0].Name, "__Host-")) {
			t.Errorf("%s: the cookie is %v", origin, cookies)
		}
		if status != 101 && len(cookies) != 0 {
			t.Errorf("%s: was given %v", origin, cookies)
		}
		const open = `{"protocols":["wamp.2.json"]}`
		polled := r.raw(pool, fmt.Sprintf("POST /longpoll/open HTTP/1.1\r\nHost: a.example\r\nOrigin: %s\r\nContent-Length: %d\r\n\r\n%s", origin, len(open), open))
		if allowed := polled.StatusCode == http.StatusOK; allowed != (status == 101) {
			t.Errorf("%s: long-poll: %s", origin, polled.Status)
		}
		if credentials := polled.Header.Get("Access-Control-Allow-Origin"); (credentials != "") != (status == 101) {
			t.Errorf("%s: long-poll allows %q", origin, credentials)
		}
	}
}
