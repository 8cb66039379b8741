//go:build unix

package deploy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	backend "github.com/tidings-io/tidings/backends/go"
	"github.com/tidings-io/tidings/client"
)

// visitor is a browser behind a proxy. It has an address of its own, and claims another one.
type visitor struct {
	proxy  *running
	site   site
	server *server
	user   string
	reads  atomic.Int64 // from the network
}

const (
	ownAddress     = "127.0.0.2"
	claimedAddress = "203.0.113.9"
)

// counted counts the reads of a connection.
type counted struct {
	net.Conn
	reads *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.reads.Add(1)
	return n, err
}

func (v *visitor) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ownAddress)}}
	c, err := dialer.DialContext(ctx, "tcp", v.proxy.address)
	if err != nil {
		return nil, err
	}
	return counted{c, &v.reads}, nil
}

func (v *visitor) tls() *tls.Config {
	return &tls.Config{RootCAs: v.proxy.roots, ServerName: v.site.host}
}

// send sends a request through the proxy, or to the server if the path has its address.
func (v *visitor) send(t *testing.T, method, url string, header http.Header, body string) (*http.Response, []byte) {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	if !strings.HasPrefix(url, "http:") {
		url = "https://" + v.site.host + v.site.prefix + url
		transport.DialContext, transport.TLSClientConfig = v.dial, v.tls()
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, text
}

func (v *visitor) origin() string {
	return "https://" + v.site.host
}

// loadsTheSDK checks that the SDK arrives compressed, and that its address that never changes is passed on.
func (v *visitor) loadsTheSDK(t *testing.T) {
	t.Helper()
	compressed := http.Header{"Accept-Encoding": {"gzip"}}
	answer, text := v.send(t, http.MethodGet, "/client/tidings.js", compressed, "")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Encoding") != "gzip" || answer.Header.Get("ETag") == "" {
		t.Fatalf("the SDK: %s %v", answer.Status, answer.Header)
	}
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	_, direct := v.send(t, http.MethodGet, "http://"+v.server.address+"/client/tidings.js", nil, "")
	if err != nil || !bytes.Equal(plain, direct) {
		t.Errorf("the SDK has %d bytes, not %d: %v", len(plain), len(direct), err)
	}
	lasting := "/client/" + strings.TrimPrefix(answer.Header.Get("Content-Location"), "/client/")
	if answer, _ := v.send(t, http.MethodGet, lasting, compressed, ""); answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %s %v", lasting, answer.Status, answer.Header)
	}
}

// asksWhy checks that a page may ask why its WebSocket does not open, and that origins are compared with the address
// that the page knows.
func (v *visitor) asksWhy(t *testing.T) {
	t.Helper()
	for origin, refused := range map[string]bool{
		v.origin(): false, "https://other.example": true, "http://" + v.site.host: true,
	} {
		answer, text := v.send(t, http.MethodPost, "/ws", http.Header{"Origin": {origin}}, "")
		if (answer.StatusCode == http.StatusForbidden) != refused || answer.Header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("a page of %s: %s %s", origin, answer.Status, text)
		}
	}
}

// getsNothingElse checks that what is for backends and operators is not passed on.
func (v *visitor) getsNothingElse(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/api/v1/openapi.json", "/api/v1/sessions", "/metrics", "/healthz", "/readyz", "/wsx", "/"} {
		answer, text := v.send(t, http.MethodGet, path, http.Header{"Authorization": {"Bearer " + key}}, "")
		if string(text) != "the application" && (answer.StatusCode != http.StatusNotFound || strings.Contains(string(text), "there is no")) {
			t.Errorf("%s is passed on: %s %.200s", path, answer.Status, text)
		}
	}
}

// usesLongPoll opens a long-poll transport and receives what it is sent.
func (v *visitor) usesLongPoll(t *testing.T) {
	t.Helper()
	header := http.Header{"Origin": {v.origin()}, "Content-Type": {"application/json"}}
	answer, text := v.send(t, http.MethodPost, "/longpoll/open", header, `{"protocols": ["wamp.2.json"]}`)
	var opened struct{ Transport string }
	if err := json.Unmarshal(text, &opened); err != nil || opened.Transport == "" {
		t.Fatalf("open: %s %s", answer.Status, text)
	}
	path := "/longpoll/" + opened.Transport
	if answer, text := v.send(t, http.MethodPost, path+"/send", header, `[1, "app", {"authmethods": ["ticket"], "roles": {"subscriber": {}}}]`); answer.StatusCode >= 300 {
		t.Fatalf("send: %s %s", answer.Status, text)
	}
	if answer, text := v.send(t, http.MethodPost, path+"/receive", header, ""); !strings.HasPrefix(string(text), "[4,") {
		t.Errorf("receive: %s %s", answer.Status, text)
	}
	v.send(t, http.MethodPost, path+"/close", header, "")
}

// staysConnected opens a WebSocket, which the server's pings keep for longer than the proxy's idle time-out.
func (v *visitor) staysConnected(t *testing.T) {
	t.Helper()
	signer, err := backend.New(backend.Options{URL: "http://" + v.server.address, Key: key, Secret: secret, Strict: true, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Connect(t.Context(), client.Config{
		URL:  "wss://" + v.site.host + v.site.prefix + "/ws",
		Auth: client.Ticket(func(ctx context.Context) (string, error) { return signer.Ticket(ctx, backend.User{ID: v.user}) }),
		TLS:  v.tls(), Dial: v.dial, Reconnect: client.Reconnect{Off: true},
		Header: http.Header{
			"Origin": {v.origin()}, "X-Forwarded-For": {claimedAddress}, "Forwarded": {"for=" + claimedAddress},
			"X-Forwarded-Host": {"other.example"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	events := make(chan struct{}, 1)
	topic := "news." + v.user
	if _, err := c.Subscribe(t.Context(), topic, func(*client.Event) { events <- struct{}{} }, nil); err != nil {
		t.Fatal(err)
	}
	_, text := v.send(t, http.MethodGet, "http://"+v.server.address+"/api/v1/sessions?user="+v.user, http.Header{"Authorization": {"Bearer " + key}}, "")
	if !strings.Contains(string(text), `"address":"`+ownAddress) || strings.Contains(string(text), claimedAddress) {
		t.Errorf("the server knows the visitor as %s", text)
	}

	// Each ping is one read, a second after the last. The proxies end what is silent for two.
	for deadline, silent := time.Now().Add(patience), v.reads.Load(); v.reads.Load() < silent+5; {
		select {
		case <-c.Done():
			t.Fatalf("the connection is lost: %v", c.Err())
		case <-time.After(50 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("no pings arrive")
			}
		}
	}
	receipt, err := signer.Publish(t.Context(), backend.Publication{Topic: topic, Args: []any{"still here?"}})
	if err != nil || receipt.Deliveries != 1 {
		t.Fatalf("%d deliveries: %v", receipt.Deliveries, err)
	}
	select {
	case <-events:
	case <-c.Done():
		t.Fatalf("the connection is lost: %v", c.Err())
	case <-time.After(patience):
		t.Fatal("no event has come")
	}
}
