package server_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

var archive = strings.Replace(basic, "ttl: 1m}", "ttl: 1m}, anonymous: {role: visitor}", 1) + `
topics:
  price.{symbol}: {subscribe: "true", publish: backend, keep: 2}
  user.{user}: {subscribe: params.user == identity.id, publish: backend, keep: 10}
  news: {subscribe: "true", publish: backend, retain: asked}
  chat: {subscribe: "true", publish: "true"}
`

func TestContractsSayWhatIsKeptAndForWhichSessions(t *testing.T) {
	r := start(t, archive)
	for _, price := range []int{1, 2, 3} {
		r.api(allKey, "POST", "publish", map[string]any{"topic": "price.gold", "args": []any{price}}).as(200, nil)
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "news", "args": []any{"last"}, "retain": true}).as(200, nil)
	r.api(allKey, "POST", "publish", map[string]any{"topic": "chat", "args": []any{"passing"}, "retain": true}).as(200, nil)
	r.api(allKey, "POST", "publish", map[string]any{"topic": "user.ann", "args": []any{"for ann"}}).as(200, nil)
	subscribe(t, r.user("ann", ""), "user.ann")
	id := func(topic string) string {
		var answer struct{ Args []int }
		r.api(allKey, "POST", "call", map[string]any{"procedure": "wamp.subscription.lookup", "args": []any{topic}}).as(200, &answer)
		return fmt.Sprint(answer.Args)
	}

	visitor, err := r.dial("wamp.2.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ say, hear string }{
		{hello, `"event_history":true`},
		{`[32,1,{"get_retained":true},"price.gold"]`, `[33,1,`},
		{"", `"retained":true},[3]]`},
		{`[32,2,{"get_retained":true},"news"]`, `[33,2,`},
		{"", `"retained":true},["last"]]`},
		{`[32,7,{"get_retained":true},"chat"]`, `[33,7,`}, // the option retain needs a contract that allows it
		{`[48,3,{},"wamp.subscription.get_events",TOPIC user.ann]`, `"wamp.error.no_such_subscription",["there is no subscription`},
		{`[48,4,{},"wamp.subscription.get_events",TOPIC price.gold]`, `"args":[2],`},
		{`[48,5,{},"wamp.subscription.get_events",TOPIC news]`, `"wamp.error.history_unavailable"`},
		{`[48,6,{},"wamp.session.add_testament",["price.gold",[0],{}]]`, `"wamp.error.not_authorized"`},
	} {
		if step.say != "" {
			if before, topic, ok := strings.Cut(step.say, "TOPIC "); ok {
				step.say = before + id(strings.TrimSuffix(topic, "]")) + "]"
			}
			visitor.send(ws.OpText, []byte(step.say))
		}
		if got := visitor.receive(); !strings.Contains(got, step.hear) {
			t.Errorf("to %s: got %s, want %s", step.say, got, step.hear)
		}
	}
}

const keptDocuments = basic + `
topics:
  doc.{id}: {subscribe: "true", publish: backend, keep: 10}
  rows: {subscribe: "true", publish: backend, keep: {per: key}}
  passing: {subscribe: "true", publish: backend}
`

func TestABackendRetriesAPublicationAndNumbersDocuments(t *testing.T) {
	r := start(t, keptDocuments)
	type receipt struct {
		Publication uint64
		Repeated    bool
		Epoch       string
		Seq         uint64
		Detail      string
	}
	publish := func(status int, body map[string]any) (answer receipt) {
		t.Helper()
		r.api(allKey, "POST", "publish", body).as(status, &answer)
		return answer
	}
	first := publish(200, map[string]any{"topic": "doc.1", "idempotency_key": "k", "version": 3})
	again := publish(200, map[string]any{"topic": "doc.1", "idempotency_key": "k", "version": 3})
	if first.Repeated || !again.Repeated || again.Publication != first.Publication || first.Seq == 0 || first.Epoch == "" {
		t.Errorf("the first answer is %+v, that of the retry %+v", first, again)
	}
	if other := publish(200, map[string]any{"topic": "doc.2", "idempotency_key": "k"}); other.Repeated || other.Seq <= first.Seq {
		t.Errorf("the same key for another topic: %+v", other)
	}
	if passing := publish(200, map[string]any{"topic": "passing"}); passing.Seq != 0 || passing.Epoch != "" {
		t.Errorf("a topic that is not kept has a position: %+v", passing)
	}
	publish(200, map[string]any{"topic": "rows", "key": "a", "version": 7})
	publish(200, map[string]any{"topic": "rows", "key": "b", "version": 1})
	publish(200, map[string]any{"topic": "rows", "key": "b", "delete": true})
	for want, body := range map[string]map[string]any{
		"409 version 3 was published before": {"topic": "doc.1", "version": 3},
		"409 version 7 was published before": {"topic": "rows", "key": "a", "version": 6},
		"422 a key needs a topic that":       {"topic": "doc.1", "key": "a"},
		"422 a version needs a topic that":   {"topic": "passing", "version": 1},
		"422 a deletion needs the key":       {"topic": "rows", "delete": true},
		"422 the idempotency key must have":  {"topic": "doc.1", "idempotency_key": strings.Repeat("k", 129)},
		"422 the version must be a number":   {"topic": "doc.1", "version": -1},
	} {
		status, text, _ := strings.Cut(want, " ")
		code, _ := strconv.Atoi(status)
		if answer := publish(code, body); !strings.HasPrefix(answer.Detail, text) {
			t.Errorf("%v: %q, want %q", body, answer.Detail, text)
		}
	}
}
