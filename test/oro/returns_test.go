//go:build unix

package oro_test

import (
	"strings"
	"testing"
)

func TestAUsedTicketIsRefusedAndTheNextOneIsNot(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser := startChromium(t)
	once := w.ticket
	w.change(func() {
		ticket := w.makeTicket(w.users["anna"])
		w.ticket = func(user) string { return ticket }
	})
	first := browser.open(w.application, w.server, visit{name: "first", user: "anna"})
	first.next("established")
	second := browser.open(w.application, w.server, visit{name: "second", user: "anna", scale: 0.01})
	for n := range 2 {
		if r := second.next("lost"); r.Code != 3 || r.Delay != (n+1)*60_000 {
			t.Errorf("loss %d: the code is %d, the delay %d ms", n+1, r.Code, r.Delay)
		}
	}
	w.change(func() { w.ticket = once })
	second.next("established")
	if all := first.heard(); len(all) != 0 {
		t.Errorf("the first page was told %v", all)
	}
	if n := w.tickets(); n < 4 {
		t.Errorf("the pages asked for %d tickets", n)
	}
}

func TestPagesComeBackAfterARestart(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser := startChromium(t)
	minutes := browser.open(w.application, w.server, visit{name: "minutes", user: "anna", scale: 1.0 / 120})
	steps := browser.open(w.application, w.server, visit{name: "steps", user: "bert", schedule: "steps", scale: 1.0 / 4})
	for _, p := range []*page{minutes, steps} {
		p.next("established")
		p.listen("oro/data/update")
	}
	w.stop(t)
	for _, p := range []*page{minutes, steps} {
		if r := p.next("ended"); r.Code != 2 { // a close frame would be 0, and final
			t.Errorf("%s ended with the code %d", p.name, r.Code)
		}
	}
	if r := minutes.next("lost"); r.Code != 2 || r.Delay != 60_000 {
		t.Errorf("the page was lost with the code %d, and waits %d ms", r.Code, r.Delay)
	}
	w.start(t)
	for _, p := range []*page{minutes, steps} {
		p.next("established")
		p.settled()
	}
	w.backend(t).publish("oro/data/update", `[{"username":null,"tagname":"t1"}]`)
	for _, p := range []*page{minutes, steps} {
		if got := p.event("oro/data/update"); got != `[{"username":null,"tagname":"t1"}]` {
			t.Errorf("%s got %s", p.name, got)
		}
	}
}

func TestAPageThatReloadsLeavesAtOnce(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser := startChromium(t)
	p := browser.open(w.application, w.server, visit{name: "anna", user: "anna"})
	p.next("established")
	browser.do(map[string]any{"do": "reload", "page": "anna"})
	p.next("established")
	eventually(t, "one session is left", func() bool { return w.metric(t, "tidings_sessions", "") == 1 })
	if n := w.metric(t, "tidings_connections_closed_total", `code="1000"`); n != 1 {
		t.Errorf("%v pages have closed their connections", n)
	}
}

func TestAPageWhoseConnectionWasLostIsToldWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b, browser := w.backend(t), startChromium(t)
	witness := w.listener(t, "bert", "oro/data/update")
	road := startNetwork(t, w.address)
	p := browser.open(w.application, w.server, visit{name: "anna", user: "anna", address: road.address, scale: 0.02})
	p.next("established")
	p.listen("oro/data/update")
	b.publish("oro/data/update", `[{"username":"admin","tagname":"before"}]`)
	p.event("oro/data/update")

	w.change(func() { w.closed = true }) // no ticket: it cannot come back yet
	road.lose()
	p.next("lost")
	eventually(t, "the server has noticed the loss", func() bool { return w.metric(t, "tidings_sessions", "") == 2 })
	b.publish("oro/data/update", `[{"username":"admin","tagname":"meanwhile"}]`)
	for got := ""; !strings.Contains(got, "meanwhile"); {
		var err error
		if got, err = witness.receive(); err != nil {
			t.Fatal(err)
		}
	}

	w.change(func() { w.closed = false })
	p.next("established")
	if got := p.event("oro/data/update"); got != `[{"username":"admin","tagname":"meanwhile"}]` {
		t.Errorf("the page that came back got %s", got)
	}
	fresh := browser.open(w.application, w.server, visit{name: "fresh", user: "anna"})
	fresh.next("established")
	fresh.listen("oro/data/update")
	for _, r := range fresh.heard() {
		if r.Kind == "event" {
			t.Errorf("the fresh page was told %s", r.Payload)
		}
	}
}

func TestADisabledUserStaysOutUntilEnabled(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	enable := func(enabled bool) {
		w.change(func() {
			u := w.users["bert"]
			u.Enabled = enabled
			w.users["bert"] = u
		})
	}
	enable(false)
	p := startChromium(t).open(w.application, w.server, visit{name: "bert", user: "bert", scale: 0.05})
	if r := p.next("lost"); r.Code != 3 {
		t.Errorf("the page was lost with the code %d", r.Code)
	}
	enable(true)
	p.next("established")
}
