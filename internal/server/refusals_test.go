package server_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
)

// warned returns how many lines at warn have all these texts.
func (r *running) warned(texts ...string) (lines int) {
	r.t.Helper()
	for line := range strings.Lines(r.log.String()) {
		found := strings.Contains(line, `"level":"WARN"`)
		for _, text := range texts {
			found = found && strings.Contains(line, text)
		}
		if found {
			lines++
		}
	}
	return lines
}

func TestARefusedOriginIsInTheLogWhateverTheWayIn(t *testing.T) {
	const yaml = basic + "longpoll: true\norigins: [\"https://shop.example\"]\n"
	plain := start(t, yaml)
	secure, pool := startTLS(t, yaml)
	foreign := "Host: tidings.example\r\nOrigin: https://erp.example\r\n"
	for name, c := range map[string]struct {
		server *running
		pool   *x509.CertPool
	}{"plain": {plain, nil}, "TLS": {secure, pool}} {
		for _, request := range []string{
			"GET /ws HTTP/1.1\r\n" + foreign + upgrade + "\r\n",                                                 // the fast accept loop, without TLS
			"GET /ws HTTP/1.1\r\n" + foreign + upgrade + "X-Padding: " + strings.Repeat("x", 5000) + "\r\n\r\n", // net/http
			"POST /ws HTTP/1.1\r\n" + foreign + "\r\n",
			"POST /longpoll/open HTTP/1.1\r\n" + foreign + "Content-Length: 2\r\n\r\n{}",
		} {
			if response := c.server.raw(c.pool, request); response.StatusCode != 403 || (response.Header.Get("Access-Control-Allow-Origin") == "*") == strings.Contains(request, "longpoll") {
				t.Errorf("%s, %.20s: %s %v", name, request, response.Status, response.Header)
			}
		}
		if n := c.server.warned(`"reason":"origin"`, `origins: [\"https://shop.example\", \"https://erp.example\"]`); n != 1 {
			t.Errorf("%s: %d lines in the log", name, n)
		}
	}
}

func TestHTTPToAServerWithTLSIsInTheLog(t *testing.T) {
	secure, pool := startTLS(t, basic)
	for range 3 {
		nc := secure.connect(nil)
		io.WriteString(nc, "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n")
		io.ReadAll(nc)
	}
	secure.raw(pool, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") // what came before is in the log by now
	if n := secure.warned(`"reason":"tls"`, "wss://"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
}

func TestAServerWithoutHTTPConnectionsSaysSo(t *testing.T) {
	r := start(t, basic+"limits: {http_connections: 16}\n")
	for range 16 {
		io.WriteString(r.connect(nil), "POST /api/v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+allKey+"\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n")
	}
	var refused *http.Response
	for range 1000 { // until the others have their places
		if refused = r.raw(nil, "POST /ws HTTP/1.1\r\nHost: x\r\n\r\n"); refused.StatusCode == 503 {
			break
		}
	}
	if refused.StatusCode != 503 || refused.Header.Get("Access-Control-Allow-Origin") != "*" || refused.Header.Get("Retry-After") != "5" {
		t.Errorf("%s %v", refused.Status, refused.Header)
	}
	if n := r.warned(`"reason":"full"`, "limits.http_connections"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
}
