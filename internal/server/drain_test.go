package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
)

// holdOn opens a WebSocket that never answers, so that the server has to wait for its end.
func (r *running) holdOn() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n")
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(answer, "101") {
		r.t.Fatalf("%q, %v", answer, err)
	}
	return conn
}

func TestADrainingServerRefusesConnectionsAndAnswersRequests(t *testing.T) {
	r := start(t, site+"websocket: {drain: 2m, close: 1m, hello: 5m}\ntopics: {a: {subscribe: \"true\", publish: backend}}\n")
	ann := r.user("ann", "")
	stays := r.holdOn()
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	wait(t, ann.Done(), "the end of the session")
	r.request("", "GET", "/readyz", nil).refused(503, "draining")
	if got := r.request("", "GET", "/healthz", nil); got.status != 200 {
		t.Errorf("the health is %d", got.status)
	}
	if metrics := string(r.request("", "GET", "/metrics", nil).body); !strings.Contains(metrics, "tidings_draining 1\n") {
		t.Error("the metrics do not say that it drains")
	}
	upgrade, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "wamp.2.json",
	} {
		upgrade.Header.Set(name, value)
	}
	refusal := r.send(upgrade)
	refusal.refused(503, "the server is stopping")
	if after, err := strconv.Atoi(refusal.header.Get("Retry-After")); err != nil || after < 60 || after > 121 {
		t.Errorf("Retry-After is %q", refusal.header.Get("Retry-After"))
	}
	if _, err := r.tryJoin(client.Config{Auth: client.Key(allKey)}); err == nil {
		t.Error("a client joins")
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "a"}).as(200, nil)
	stays.Close()
	if err := wait(t, stopped, "the end of the server"); err != nil {
		t.Error(err)
	}
}

func TestASecondRequestToEndShortensTheDrain(t *testing.T) {
	r := start(t, site+"websocket: {drain: 5m}\n")
	var all []*client.Client
	for range 20 {
		all = append(all, r.join(client.Config{Auth: client.Key(allKey)}))
	}
	stopped := make(chan error, 1)
	r.server.Hurry() // too early, so it has no effect
	go func() { stopped <- r.stop() }()
	for got := r.request("", "GET", "/readyz", nil); got.status == 200; got = r.request("", "GET", "/readyz", nil) {
	}
	r.server.Hurry()
	r.server.Hurry()
	for _, c := range all {
		wait(t, c.Done(), "the end of a session")
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), "wamp.close.system_shutdown") {
			t.Errorf("a client was told %v", err)
		}
	}
	if err := wait(t, stopped, "the end of the server"); err != nil {
		t.Error(err)
	}
}
