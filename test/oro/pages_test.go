//go:build unix

package oro_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestADataUpdateIsAListForEveryPage(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser, b := startChromium(t), w.backend(t)
	anna := browser.open(w.application, w.server, visit{name: "anna", user: "anna"})
	bert := browser.open(w.application, w.server, visit{name: "bert", user: "bert", path: "/ws", schedule: "steps"})
	for _, p := range []*page{anna, bert} {
		p.next("established")
		p.listen("oro/data/update")
	}
	list := `[{"username":"admin","tagname":"Oro_Bundle_UserBundle_Entity_User_type_collection"},{"username":null,"tagname":"t2/ü"}]`
	b.publish("oro/data/update", list)
	for _, p := range []*page{anna, bert} {
		if got := p.event("oro/data/update"); got != list {
			t.Errorf("%s got %s", p.name, got)
		}
	}
	// PHP's array_unique leaves a gap in the keys, and so an object.
	b.publish("oro/data/update", `{"0":{"username":"admin","tagname":"t1"},"2":{"username":"admin","tagname":"t3"}}`)
	for _, p := range []*page{anna, bert} {
		if got := p.event("oro/data/update"); got != `[{"username":"admin","tagname":"t1"},{"username":"admin","tagname":"t3"}]` {
			t.Errorf("%s got %s", p.name, got)
		}
	}
}

func TestMaintenanceIsSeenByPagesThatComeLateOrBack(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser, b := startChromium(t), w.backend(t)
	road := startNetwork(t, w.address)
	early := browser.open(w.application, w.server, visit{name: "early", user: "anna", schedule: "steps", scale: 0.1, address: road.address})
	early.next("established")
	early.settled()
	b.publish("oro/maintenance", `{"isOn":true,"userId":null}`)
	late := browser.open(w.application, w.server, visit{name: "late", user: "bert"})
	for _, p := range []*page{early, late} {
		if r := p.next("maintenance"); !r.On || p.evaluate("document.getElementById('maintenance').open") != "true" {
			t.Errorf("%s: maintenance is %v", p.name, r.On)
		}
	}

	// The application answers 503 meanwhile. A page that loses its connection comes back after the end, and is told of it.
	w.change(func() { w.closed = true })
	road.lose()
	early.next("ended")
	if r := early.next("lost"); r.Code != 4 {
		t.Errorf("the page was lost with %d", r.Code)
	}
	b.publish("oro/maintenance", `{"isOn":false,"userId":null}`)
	if r := late.next("maintenance"); r.On {
		t.Error("the end of the maintenance did not arrive")
	}
	w.change(func() { w.closed = false })
	early.next("established")
	if r := early.next("maintenance"); r.On || early.evaluate("document.getElementById('maintenance').open") != "false" {
		t.Error("the dialog of the page that came back stays")
	}
}

func TestMailIsForItsUserOnly(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser, b := startChromium(t), w.backend(t)
	anna := browser.open(w.application, w.server, visit{name: "anna", user: "anna"})
	bert := browser.open(w.application, w.server, visit{name: "bert", user: "bert"})
	mail := func(organization string) string {
		return fmt.Sprintf("oro/email_event/%d/%s", w.id("anna"), organization)
	}
	for _, p := range []*page{anna, bert} {
		p.next("established")
		// A star is a character as any other.
		p.listen(mail("1"), mail("2"), mail("*"), "oro/imap_sync_fail/*", "oro/data/update")
	}
	for _, topic := range []string{mail("1"), mail("2"), mail("*")} {
		b.publish(topic, `{"hasNewEmail":true}`)
		if r := anna.next("event"); r.Topic != topic || string(r.Payload) != `{"hasNewEmail":true}` {
			t.Errorf("anna got %s %s", r.Topic, r.Payload)
		}
	}
	b.publish("oro/imap_sync_fail/*", `{"username":"shared@example.com","host":"imap.example.com"}`)
	for _, p := range []*page{anna, bert} {
		if r := p.next("event"); r.Topic != "oro/imap_sync_fail/*" {
			t.Errorf("%s got %s %s", p.name, r.Topic, r.Payload)
		}
	}
}

func TestARefusedSubscriptionIsSilentAndHasOneLineInTheLog(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	p := startChromium(t).open(w.application, w.server, visit{name: "anna", user: "anna"})
	p.next("established")
	others := fmt.Sprintf("oro/email_event/%d/1", w.id("bert"))
	p.listen("no/such/topic", others, "My/Model/1")
	if all := p.heard(); len(all) != 0 {
		t.Errorf("the page was told %v", all)
	}
	for _, topic := range []string{"no/such/topic", others, "My/Model/1"} {
		eventually(t, "the log has a line about "+topic, func() bool { return len(w.lines(topic)) > 0 })
		if found := w.lines(topic); len(found) != 1 || !strings.Contains(found[0], "subscribe") || !strings.Contains(found[0], "127.0.0.1") {
			t.Errorf("the lines about %s: %q", topic, found)
		}
	}
	if n := w.metric(t, "tidings_unanswered_refusals_total", ""); n != 3 {
		t.Errorf("%v refusals are counted", n)
	}
}

func TestAPageCannotPublish(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	browser := startChromium(t)
	p := browser.open(w.application, w.server, visit{name: "anna", user: "anna"})
	p.next("established")
	p.listen("oro/data/update", "oro/maintenance")
	p.evaluate(`sync.session.publish("oro/data/update", [{ username: "admin", tagname: "forged" }])`)
	p.evaluate(`sync.session.publish("oro/maintenance", { isOn: true, userId: null }, [], [])`)
	if all := p.heard(); len(all) != 0 {
		t.Errorf("the page was told %v", all)
	}
	if n := w.metric(t, "tidings_unanswered_refusals_total", ""); n != 2 {
		t.Errorf("%v refusals are counted", n)
	}
	w.backend(t).publish("oro/data/update", `[{"username":"admin","tagname":"real"}]`)
	if got := p.event("oro/data/update"); got != `[{"username":"admin","tagname":"real"}]` {
		t.Errorf("the page got %s", got)
	}
}

func TestOneSubscriptionServesSeveralCallbacks(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	b := w.backend(t)
	p := startChromium(t).open(w.application, w.server, visit{name: "anna", user: "anna"})
	p.next("established")
	before := w.metric(t, "tidings_subscriptions", "")
	p.evaluate(`void (window.callbacks = ["a", "b"].map((name) => listen("oro/data/update", name)))`)
	p.settled()
	b.publish("oro/data/update", `[{"username":null,"tagname":"t1"}]`)
	if a, b := p.next("event"), p.next("event"); a.Name != "a" || b.Name != "b" {
		t.Errorf("the callbacks were called in the order %s, %s", a.Name, b.Name)
	}
	if n := w.metric(t, "tidings_subscriptions", ""); n != before+1 {
		t.Errorf("%v subscriptions, and %v before", n, before)
	}
	p.evaluate(`sync.unsubscribe("oro/data/update", callbacks[0])`)
	p.settled()
	b.publish("oro/data/update", `[{"username":null,"tagname":"t2"}]`)
	if r := p.next("event"); r.Name != "b" {
		t.Errorf("%s was called", r.Name)
	}
	// Some components of the application unsubscribe with another function than they subscribed. All callbacks go.
	p.evaluate(`sync.unsubscribe("oro/data/update", () => null)`)
	p.settled()
	if n := w.metric(t, "tidings_subscriptions", ""); n != before {
		t.Errorf("%v subscriptions, and %v before", n, before)
	}
}

func TestThePingArrivesWhileAPageListens(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "")
	p := startChromium(t).open(w.application, w.server, visit{name: "anna", user: "anna"})
	p.next("established")
	p.listen("oro/ping")
	if got := p.event("oro/ping"); got != `"Connection keep alive"` {
		t.Errorf("the page got %s", got)
	}
}
