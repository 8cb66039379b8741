package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
)

func TestEventsAndSubscriptionsAreCountedByContract(t *testing.T) {
	const topics = basic + `
topics:
  talk.{room}: {subscribe: "true", publish: "true"}
  news: {subscribe: "true", publish: backend}
`
	r := start(t, topics)
	ann, ben := r.user("ann", ""), r.join(client.Config{Auth: client.Key(allKey)})
	for _, room := range []string{"talk.a", "talk.b"} {
		subscribe(t, ann, room)
		subscribe(t, ben, room)
	}
	publish := func(topic string, times, deliveries int) {
		t.Helper()
		for range times {
			var receipt struct{ Deliveries int }
			r.api(allKey, "POST", "publish", map[string]any{"topic": topic}).as(200, &receipt)
			if receipt.Deliveries != deliveries {
				t.Errorf("%s reaches %d", topic, receipt.Deliveries)
			}
		}
	}
	has := func(when string, lines ...string) {
		t.Helper()
		metrics := string(r.request("", "GET", "/metrics", nil).body)
		for _, line := range lines {
			if !strings.Contains(metrics, line+"\n") {
				t.Errorf("%s: the metrics lack %s", when, line)
			}
		}
	}
	counted := func(contract string, events, subscriptions int) []string {
		return []string{
			fmt.Sprintf("tidings_contract_events_total{contract=%q} %d", contract, events),
			fmt.Sprintf("tidings_contract_subscriptions{contract=%q} %d", contract, subscriptions),
		}
	}
	publish("talk.a", 2, 2)
	publish("talk.b", 1, 2)
	publish("news", 1, 0)
	has("at first", counted("talk.{room}", 6, 4)...)
	has("at first", counted("news", 0, 0)...)
	has("at first", "tidings_handshakes_refused_total{reason=\"origin\"} 0")

	r.reloaded(strings.Replace(topics, "news:", "talk.b: {subscribe: \"true\", publish: backend}\n  news:", 1))
	publish("talk.a", 1, 2)
	publish("talk.b", 1, 2)
	has("after a reload", counted("talk.{room}", 8, 2)...)
	has("after a reload", counted("talk.b", 2, 2)...)

	ben.Close()
	r.reloaded(topics)
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	if strings.Contains(metrics, `contract="talk.b"`) {
		t.Error("a contract that is gone is counted")
	}
}

func TestTheBuildIsInTheMetrics(t *testing.T) {
	r := start(t, basic)
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	if !strings.Contains(metrics, `tidings_build_info{goversion="go1.`) || !strings.Contains(metrics, `version="`) {
		t.Error("the metrics lack tidings_build_info")
	}
}
