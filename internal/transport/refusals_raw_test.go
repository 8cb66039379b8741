package transport_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
)

func TestAClientOfAnotherProtocolAtARawSocketIsInTheLog(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{})
	s, _ := routed(t, options)
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	for range 2 {
		for _, sent := range []string{"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00\x01", "SSH-2.0", "\x7f\xff\x00\x00", ""} {
			client := dialStream(t, tcp)
			client.write([]byte(sent))
			client.nc.(interface{ CloseWrite() error }).CloseWrite()
			io.ReadAll(client.nc)
		}
	}
	for _, detail := range []string{"the client speaks HTTP", "the client speaks TLS", "this is no handshake of RawSocket", "there is no such serialization"} {
		if warned := log.at("WARN", detail); len(warned) != 1 || warned[0]["transport"] != "rawsocket" || warned[0]["address"] == "" {
			t.Errorf("%s: %v", detail, warned)
		}
	}
	if probes := log.at("WARN", "not complete"); len(probes) != 0 {
		t.Errorf("a probe is in the log: %v", probes)
	}
}

func TestAFullServerRefusesRawSocketsInTheLog(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{Limits: transport.Limits{MaxConnections: 1}})
	s, _ := routed(t, options)
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	for range 2 {
		client := dialStream(t, tcp)
		client.write([]byte("\x7f\xf1\x00\x00"))
		if answer, _ := io.ReadAll(client.nc); string(answer) != "\x7f\x40\x00\x00" {
			t.Errorf("answered % x", answer)
		}
	}
	if warned := log.at("WARN", `"reason":"full"`); len(warned) != 1 {
		t.Errorf("the log has %v", warned)
	}
	if n := s.Stats().Refused[transport.RefusedFull]; n != 2 {
		t.Errorf("%d are counted", n)
	}
}

func TestLongPollRefusesWithProblemDocuments(t *testing.T) {
	t.Parallel()
	r := router.New(router.Options{Agent: "test"})
	r.AddRealm("app")
	options, log := logged(transport.Options{Router: r})
	s, err := newServer(options)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string, header http.Header) (*http.Response, string) {
		return handled(t, s.LongPoll(), method, path, header)
	}
	for _, c := range []struct {
		method, path string
		header       http.Header
		status       int
		says         string
	}{
		{"POST", "/open", http.Header{"Origin": {"https://erp.example"}}, 403, `"reason":"origin"`},
		{"POST", "/open", http.Header{"Content-Encoding": {"gzip"}}, 415, "without Content-Encoding"},
		{"POST", "/open", nil, 400, "the body must be"},
		{"POST", "/", nil, 404, "POST to open"},
		{"POST", "/x/y/z", nil, 404, "POST to open"},
		{"GET", "/open", nil, 405, "POST only"},
		{"PUT", "/x/receive", nil, 405, "POST only"},
		{"POST", "/x/receive", nil, 400, "no such transport"},
	} {
		response, body := ask(c.method, c.path, c.header)
		if response.StatusCode != c.status || !strings.Contains(body, c.says) || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %s %v %s", c.method, c.path, response.Status, response.Header, body)
		}
	}
	if warned := log.at("WARN", "erp.example"); len(warned) != 1 {
		t.Errorf("the log has %v", warned)
	}
	if ended := log.at("INFO", "no such transport"); len(ended) != 0 {
		t.Errorf("a session that has ended is in the log: %v", ended)
	}
}

// handled returns the response of a handler.
func handled(t *testing.T, handler http.Handler, method, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	if header != nil {
		request.Header = header
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result(), recorder.Body.String()
}
