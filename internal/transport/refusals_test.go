package transport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
)

// lines is a log that tests read while it is written.
type lines struct {
	mu     sync.Mutex // guards buffer
	buffer bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

// at returns the lines of a level that contain a text.
func (l *lines) at(level, text string) (found []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buffer.String()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["level"] == level && strings.Contains(line, text) {
			found = append(found, entry)
		}
	}
	return found
}

func logged(options transport.Options) (transport.Options, *lines) {
	log := &lines{}
	options.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return options, log
}

// ask sends the question of a page and returns the answer.
func (s *served) ask(t *testing.T, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	request := "POST /ws HTTP/1.1\r\nHost: example.com\r\nContent-Type: text/plain;charset=UTF-8\r\n"
	for _, header := range headers {
		request += header + "\r\n"
	}
	response, body := s.refused(t, request+"\r\n")
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if got := response.Header; got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Access-Control-Allow-Credentials") != "" ||
		got.Get("Cache-Control") != "no-store" || got.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the headers are %v", got)
	}
	return response, answer
}

func TestTheFirstRefusalOfAnOriginIsInTheLogWithTheLineToAdd(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{Origins: []string{"https://shop.example"}})
	s := serve(t, options)
	for range 3 {
		s.refused(t, upgradeRequest("/ws", "Origin: https://erp.example"))
	}
	s.refused(t, upgradeRequest("/ws", "Origin: null"))
	s.refused(t, upgradeRequest("/ws", "Origin: https://*.evil.example"))
	s.refused(t, upgradeRequest("/ws", "Origin: https://"+strings.Repeat("x", 5000)+".example"))
	const fix = `origins: ["https://shop.example", "https://erp.example"]`
	warned := log.at("WARN", "erp.example")
	if len(warned) != 1 || !strings.Contains(warned[0]["fix"].(string), fix) || warned[0]["origin"] != "https://erp.example" || warned[0]["address"] == "" {
		t.Errorf("the log has %v", warned)
	}
	if all := log.at("DEBUG", "erp.example"); len(all) != 2 {
		t.Errorf("at debug the log has %v", all)
	}
	if null := log.at("WARN", `"origin":"null"`); len(null) != 1 || !strings.Contains(null[0]["fix"].(string), "serve it over HTTP") {
		t.Errorf("of a file the log has %v", null)
	}
	for _, text := range []string{"evil.example", "xxxxx"} {
		if odd := log.at("WARN", text); len(odd) != 1 || strings.Contains(odd[0]["fix"].(string), "origins: [") || len(odd[0]["origin"].(string)) > 210 {
			t.Errorf("an origin that is none can be pasted: %v", odd)
		}
	}
}

func TestMadeUpOriginsDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{})
	s := serve(t, options)
	for i := range 200 {
		s.refused(t, upgradeRequest("/ws", fmt.Sprintf("Origin: https://%d.example", i)))
	}
	if n := len(log.at("WARN", `"reason":"origin"`)); n != 65 {
		t.Errorf("%d lines for 200 origins", n)
	}
	if n := len(log.at("WARN", "more kinds than the log lists")); n != 1 {
		t.Errorf("%d lines say that there are more", n)
	}
	s.refused(t, upgradeRequest("/ws", "Sec-WebSocket-Version: 8"))
	if n := len(log.at("WARN", `"reason":"version"`)); n != 1 {
		t.Errorf("%d lines for a mistake of another kind", n)
	}
}

func TestARequestWithoutUpgradeSaysWhatAProxyNeeds(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{})
	s := serve(t, options)
	for name, request := range map[string]string{
		"a removed header":  upgradeRequest("/ws", "Upgrade:", "Connection: close"),
		"HTTP/1.0 of nginx": strings.Replace(upgradeRequest("/ws", "Upgrade:", "Connection: close"), "HTTP/1.1", "HTTP/1.0", 1),
	} {
		response, body := s.refused(t, request)
		if response.StatusCode != 426 || !strings.Contains(body, "proxy_set_header Upgrade $http_upgrade") || !strings.Contains(body, "a proxy in between has removed Upgrade") {
			t.Errorf("%s: %s %s", name, response.Status, body)
		}
	}
	if _, body := s.refused(t, "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.Contains(body, "this address speaks WebSocket") {
		t.Errorf("a visitor: %s", body)
	}
	if warned := log.at("WARN", "not_a_websocket"); len(warned) != 1 || !strings.Contains(warned[0]["fix"].(string), "proxy_http_version 1.1") {
		t.Errorf("the log has %v", warned)
	}
}

func TestAPageIsToldWhyItsHandshakeIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Origins: []string{"https://shop.example"}})
	for origin, status := range map[string]int{"https://shop.example": 200, "http://example.com": 200, "https://evil.example": 403, "null": 403} {
		response, answer := s.ask(t, "Origin: "+origin)
		handshake, _ := s.refused(t, upgradeRequest("/ws", "Origin: "+origin))
		if response.StatusCode != status || (status == 200) != (handshake.StatusCode == 101) {
			t.Errorf("%s: %s, and the handshake %s", origin, response.Status, handshake.Status)
		}
		if status == 200 && answer["accepted"] != true || status != 200 && (answer["reason"] != "origin" || !strings.HasSuffix(answer["type"].(string), "#origin")) {
			t.Errorf("%s: %v", origin, answer)
		}
	}
	if response, body := s.refused(t, "POST /ws HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\nhi"); response.StatusCode != 400 || !strings.Contains(body, `"body"`) {
		t.Errorf("a question with a body: %s %s", response.Status, body)
	}
	for _, method := range []string{"PUT", "OPTIONS", "DELETE"} {
		if response, _ := s.refused(t, method+" /ws HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"); response.StatusCode != 405 || response.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %s %v", method, response.Status, response.Header)
		}
	}
	if stats := s.Stats(); stats.Questions[""] != 2 || stats.Questions[transport.RefusedOrigin] != 2 || stats.Refused[transport.RefusedOrigin] != 2 {
		t.Errorf("counted %+v", stats)
	}
}

func TestAQuestionTakesNoPlaceOfAConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Limits: transport.Limits{MaxConnections: 1}})
	for range 3 {
		if response, _ := s.ask(t); response.StatusCode != 200 {
			t.Errorf("a server with room: %s", response.Status)
		}
	}
	s.dial(t)
	response, answer := s.ask(t)
	if response.StatusCode != 503 || answer["reason"] != "full" || response.Header.Get("Retry-After") != "30" || response.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
		t.Errorf("a full server: %s %v", response.Status, answer)
	}
}

func TestAQuestionUsesUpNoTicket(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Tickets: &tickets{valid: "abc"}})
	question := "POST /ws?ticket=abc HTTP/1.1\r\nHost: example.com\r\n\r\n"
	if response, body := s.refused(t, question); response.StatusCode != 200 {
		t.Errorf("%s %s", response.Status, body)
	}
	upgraded(t, dialRaw(t, s.addr), upgradeRequest("/ws?ticket=abc"))
}

func TestAFullServerSaysSoOnceAMinute(t *testing.T) {
	t.Parallel()
	options, log := logged(transport.Options{Limits: transport.Limits{MaxConnections: 1}})
	s := serve(t, options)
	s.dial(t)
	for range 5 {
		s.refused(t, upgradeRequest("/ws"))
	}
	if warned := log.at("WARN", `"reason":"full"`); len(warned) != 1 || !strings.Contains(warned[0]["fix"].(string), "limits.connections above 1") {
		t.Errorf("the log has %v", warned)
	}
	if n := s.Stats().Refused[transport.RefusedFull]; n != 5 {
		t.Errorf("%d are counted", n)
	}
}

func TestEveryReasonHasASectionInTheDocumentation(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for reason := range s.Stats().Refused {
		if heading := "\n### " + strings.ReplaceAll(string(reason), "_", "-") + "\n"; !strings.Contains(string(page), heading) {
			t.Errorf("no section %q", heading)
		}
	}
}
