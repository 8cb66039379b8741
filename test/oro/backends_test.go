//go:build unix

package oro_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// listener is a page without a browser, which counts what it gets.
func (w *world) listener(t *testing.T, user string, topics ...string) *rawPage {
	t.Helper()
	w.mu.Lock()
	ticket := w.makeTicket(w.users[user])
	w.mu.Unlock()
	p, err := dialPage(w.address, ticket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	_ = p.SetDeadline(time.Now().Add(3 * patience)) // the next read fails then
	for _, topic := range topics {
		if err := p.send(fmt.Sprintf(`[5,%q]`, topic)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.settle(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryVersionOfABackendIsAnsweredEachTime(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	listener := w.listener(t, "anna", "oro/message_queue_heartbeat")
	for _, version := range versions {
		times := 200
		if version == "5.1.1" { // it waits for a second of silence
			times = 3
		}
		said := w.startBackend(t).must("pages", options{
			"version": version, "times": times, "topic": "oro/message_queue_heartbeat", "payload": `""`,
		})
		if len(said.Failures) > 0 {
			t.Errorf("%s: %d of %d connections failed: %q", version, len(said.Failures), times, said.Failures[0])
		}
		if version != "5.1.1" {
			timely(t, said.Slowest)
		}
		for n := range times {
			if got, err := listener.receive(); err != nil || got != `[8,"oro/message_queue_heartbeat",""]` {
				t.Fatalf("%s: publication %d: %s, %v", version, n, got, err)
			}
		}
	}
}

func TestBackendsConnectAtEveryPath(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b := w.startBackend(t)
	for _, path := range []string{"/", "/ws", "/anything", "/some/deep/path/"} {
		for _, version := range []string{"4.2", "7.0"} { // the target in absolute form, and in origin form
			if said := b.do("connect", options{"path": path, "version": version, "user_agent": "5.1 (websocket)"}); said.Error != "" {
				t.Errorf("%s of %s: %s %s", path, version, said.Error, said.Status)
				continue
			}
			b.must("drop", nil)
		}
	}
}

func TestABackendWithAWrongTicketIsRefusedBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b := w.startBackend(t)
	for name, ticket := range map[string]string{
		"another secret": b.must("ticket", options{"user": "", "password": "another", "secret": "another"}).Ticket,
		"an old one":     b.must("ticket", options{"user": "", "password": secret, "created": "2020-01-01T00:00:00+00:00"}).Ticket,
		"no ticket":      "x",
		"an empty one":   "",
	} {
		for _, version := range versions {
			said := b.do("connect", options{"version": version, "ticket": ticket})
			if !strings.HasPrefix(said.Status, "HTTP/1.1 401") {
				t.Errorf("%s, %s: %+v", name, version, said)
			}
		}
	}
}

func TestABackendComesBackWithItsUsedTicket(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	listener := w.listener(t, "anna", "oro/data/update")
	b := w.startBackend(t)
	first := b.must("connect", nil)
	b.publish("oro/data/update", `[{"username":null,"tagname":"first"}]`)
	if got, err := listener.receive(); err != nil || !strings.Contains(got, "first") {
		t.Fatalf("%s, %v", got, err)
	}
	// From 5.1.3 on a write that takes nothing opens another connection, and leaves the first one behind.
	if second := b.must("again", nil); second.Session == first.Session {
		t.Error("two connections have one session")
	}
	b.publish("oro/data/update", `[{"username":null,"tagname":"second"}]`)
	if got, err := listener.receive(); err != nil || !strings.Contains(got, "second") {
		t.Errorf("%s, %v", got, err)
	}
	// Another address has not used it first.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
	elsewhere, err := dialer.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := upgrade(elsewhere, "/?ticket="+url.QueryEscape(first.Ticket)); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("the ticket from another address: %v", err)
	}
}

func TestABackendThatNeverReadsStays(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "websocket: {ping: 1s, pong: 1s}\n")
	b := w.startBackend(t)
	b.must("connect", options{"version": "4.2"})
	listener := w.listener(t, "anna", "oro/maintenance")
	for pings := 0; pings < 5; { // the backend has got as many, and has not answered
		kind, _, err := listener.frame()
		if err != nil {
			t.Fatal(err)
		}
		if kind == opPing {
			pings++
		}
	}
	b.publish("oro/maintenance", `{"isOn":true,"userId":1}`)
	if got, err := listener.receive(); err != nil || got != `[8,"oro/maintenance",{"isOn":true,"userId":1}]` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestABackendThatDisconnectsIsAnsweredAndClosedAtOnce(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b := w.startBackend(t)
	for _, version := range versions {
		b.must("connect", options{"version": version})
		said := b.must("disconnect", nil)
		if frame, err := hex.DecodeString(said.Answer); err != nil || !said.Ended || len(frame) < 4 || frame[0] != 0x88 || frame[2] != 3 || frame[3] != 0xe8 {
			t.Errorf("%s: %+v", version, said)
		}
		timely(t, said.Seconds)
	}
}

func TestShortConnectionsOfBackendsAreNotLinesInTheLog(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b := w.startBackend(t)
	b.must("pages", options{"times": 1})
	before := len(w.lines(""))
	if said := b.must("pages", options{"times": 1000}); len(said.Failures) > 0 {
		t.Errorf("%d connections failed: %s", len(said.Failures), said.Failures[0])
	}
	eventually(t, "the server has noticed the end of all", func() bool { return w.metric(t, "tidings_sessions", "") == 0 })
	if lines := w.lines(""); len(lines) > before+2 {
		t.Errorf("%d lines: %q", len(lines)-before, lines[before:])
	}
}

func TestALargePublicationArrives(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	listener := w.listener(t, "anna", "oro/reminder_remind/"+fmt.Sprint(w.id("anna")))
	b := w.startBackend(t)
	b.must("connect", options{"version": "4.2"})
	text := strings.Repeat("ü", 100_000)
	b.publish("oro/reminder_remind/"+fmt.Sprint(w.id("anna")), `[{"text":"`+text+`"}]`)
	// PHP writes \u00fc, and what arrives has the same value.
	got, err := listener.receive()
	if err != nil || len(got) < len(text) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestABurstOfABackendArrivesWhole(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	listener := w.listener(t, "anna", "oro/data/update")
	b := w.backend(t)
	const times = 20_000 // an import, whose every flush publishes
	began := time.Now()
	if said := b.must("burst", options{"topic": "oro/data/update", "times": times}); said.Reconnects > 0 {
		t.Errorf("the backend connected %d times anew", said.Reconnects)
	}
	t.Logf("sent after %v", time.Since(began))
	for tags := 0; tags < times; {
		got, err := listener.receive()
		if err != nil {
			t.Fatalf("after %d tags: %v", tags, err)
		}
		tags += strings.Count(got, `"tagname"`)
	}
	t.Logf("received after %v", time.Since(began))
}
