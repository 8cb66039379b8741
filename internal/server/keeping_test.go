package server_test

import (
	"fmt"
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
