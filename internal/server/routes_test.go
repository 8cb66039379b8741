package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/server"
)

// fetch sends a request and follows no redirect. Headers are name, value, ...
func (r *running) fetch(method, path string, headers ...string) answered {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols { // its body has no end
		return answered{r.t, answer.StatusCode, answer.Header, nil}
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answered{r.t, answer.StatusCode, answer.Header, body}
}

var handshake = []string{
	"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
	"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol", "wamp.2.json",
}

func TestNoPathIsRedirectedOutOfThePrefixOfAProxy(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	r := start(t, basic, func(s *server.Server) {
		if err := s.Mount("/shop/", hello); err != nil {
			t.Fatal(err)
		}
		if err := s.Mount("GET /orders/{id}/", hello); err != nil {
			t.Fatal(err)
		}
	})
	for _, path := range []string{
		"//ws", "/./ws", "/x/../ws", "/ws/", "/ws/.", "/ws//", "//", "/..", "//api/v1/publish", "/api//v1/publish", "/api/v1//publish",
		"/api/v1/../../ws", "/%2Fws", "/ws%2F", "/%2e/ws", "/x/%2e%2e/ws", "/client", "/client//tidings.js", "/longpoll", "//longpoll/open",
		"/longpoll/%2Fopen", "/healthz/", "//healthz", "/api", "/shop//x", "/shop/../ws",
	} {
		for _, headers := range [][]string{nil, handshake} {
			got := r.fetch("GET", path, headers...)
			if path == "/x/%2e%2e/ws" && got.status == 404 || got.status == 404 && got.header.Get("Content-Type") == "application/problem+json" {
				continue
			}
			t.Errorf("GET %s: %d, Location %q: %s", path, got.status, got.header.Get("Location"), got.body)
		}
	}
	for path, location := range map[string]string{"/shop": "./shop/", "/shop?a=b": "./shop/?a=b", "/orders/a%2Fb": "./a%2Fb/"} {
		if got := r.fetch("GET", path); got.status != http.StatusTemporaryRedirect || got.header.Get("Location") != location {
			t.Errorf("GET %s: %d to %q, want %q", path, got.status, got.header.Get("Location"), location)
		}
	}
	for _, path := range []string{"/shop/", "/shop/x", "/shop/%2e%2e/x", "/orders/7/"} {
		if got := r.fetch("GET", path); string(got.body) != "hello" {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
}

func TestAHandshakeAtAWrongPathSaysTheRightOne(t *testing.T) {
	r := start(t, basic, func(s *server.Server) {
		if err := s.Mount("/app/", http.NotFoundHandler()); err != nil {
			t.Fatal(err)
		}
	})
	for _, path := range []string{"/websocket", "/tidings/ws", "//ws", "/", "/healthz", "/api/v1/", "/client/ws"} {
		for range 2 {
			got := r.fetch("GET", path, handshake...)
			got.refused(404, "the path of WebSockets is /ws")
			if got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(string(got.body), `"reason":"path"`) {
				t.Errorf("%s: %v %s", path, got.header, got.body)
			}
		}
		if n := strings.Count(r.log.String(), `"level":"WARN","msg":"a connection was refused","reason":"path","detail":"there is no WebSocket at `+path+`:`); n != 1 {
			t.Errorf("%s: %d lines in the log", path, n)
		}
	}
	if !strings.Contains(r.log.String(), "location /tidings/ { proxy_pass") {
		t.Error("the log does not say how a proxy removes its prefix")
	}
	if got := r.fetch("GET", "/app/ws", handshake...); got.status != 404 || !strings.Contains(r.log.String(), `"path":"/app/ws","fix":"a proxy`) {
		t.Errorf("a path that the program answers: %d", got.status)
	}
	question := r.fetch("POST", "/socket", "Content-Type", "text/plain;charset=UTF-8", "Origin", "https://erp.example")
	question.refused(404, "the path of WebSockets is /ws")
	if question.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the headers are %v", question.header)
	}
	if got := r.fetch("GET", "/nothing"); got.status != 404 || got.header.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(string(got.body), "WebSocket") {
		t.Errorf("another request: %d %v %s", got.status, got.header, got.body)
	}
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	for _, line := range []string{`tidings_handshakes_refused_total{reason="path"} 15`, `tidings_handshake_questions_total{answer="path"} 1`} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestTheRootSaysWhatThisIs(t *testing.T) {
	r := start(t, basic)
	for path, docs := range map[string]string{"/": "api/v1/docs", "/api/v1": "v1/docs", "/api/v1/": "docs"} {
		page := r.fetch("GET", path, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(string(page.body), `href="`+docs+`"`) ||
			!strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v %s", path, page.status, page.header, page.body)
		}
		var index struct {
			Name, Version string
			Links         []struct{ Title, Href string }
		}
		plain := r.fetch("GET", path, "Accept", "*/*")
		if err := json.Unmarshal(plain.body, &index); err != nil || !strings.HasPrefix(index.Name, "Tidings") || index.Version == "" || len(index.Links) < 3 {
			t.Errorf("%s: %v %s", path, err, plain.body)
		}
		if got := r.fetch("POST", path); got.status != 405 || !strings.Contains(got.header.Get("Allow"), "GET") {
			t.Errorf("POST %s: %d", path, got.status)
		}
	}
}

func TestAProgramMayMountTheRootItself(t *testing.T) {
	r := start(t, basic, func(s *server.Server) {
		err := s.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "mine") }))
		if err != nil {
			t.Fatal(err)
		}
	})
	for _, path := range []string{"/", "/anything"} {
		if got := r.fetch("GET", path); string(got.body) != "mine" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
}

func TestWithAnyPathWebSocketsOpenWhereNothingElseIsServed(t *testing.T) {
	shop := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "shop") })
	mount := func(s *server.Server) {
		if err := s.Mount("/shop/", shop); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, basic+"websocket: {any_path: true}\n", mount)
	for path, status := range map[string]int{
		"/": 101, "/ws": 101, "/ws/": 101, "/x/y": 101, "//": 101, "/healthz": 101, "/api/v1/topics": 101, "/shop/": 200, "/shop/x": 200,
	} {
		if got := r.fetch("GET", path, handshake...); got.status != status {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
	for path, status := range map[string]int{"/healthz": 200, "/x/y": 404, "/": 200} {
		if got := r.fetch("GET", path); got.status != status {
			t.Errorf("without a handshake GET %s: %d %s", path, got.status, got.body)
		}
	}
	if got := r.fetch("POST", "/x", "Content-Type", "text/plain"); got.status != 200 || !strings.Contains(string(got.body), "accepted") {
		t.Errorf("a page that asks why: %d %s", got.status, got.body)
	}
	r = start(t, basic, mount)
	if got := r.fetch("GET", "/x/y", handshake...); got.status != 404 {
		t.Errorf("without any_path: %d", got.status)
	}
}
