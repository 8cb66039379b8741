//go:build !without_content && !without_maintenance && !without_presence

package server_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
)

const mailUsers = basic + `
topics:
  user.{user}.flash: {subscribe: params.user == identity.id, publish: backend}
  order.{id:int}: {subscribe: "true", publish: backend}
content:
  customer.{email}: {watch: "true"}
presence:
  customer.{email}: {enter: "true", see: "true"}
procedures:
  echo.{user}: {call: backend, register: "true"}
`

const mail = "ann@example.com"

func TestIdsWithSeparatorsAreParameters(t *testing.T) {
	r := start(t, mailUsers)
	topic, err := client.Topic("user.{user}.flash", map[string]string{"user": mail})
	if err != nil || topic != "user.ann@example%2Ecom.flash" {
		t.Fatalf("the topic is %q: %v", topic, err)
	}
	ann := r.user(mail, "")
	in := subscribe(t, ann, topic)
	byContract := map[string]any{"contract": "user.{user}.flash", "params": map[string]any{"user": mail}, "args": []any{"hello"}}
	var receipt struct{ Deliveries int }
	if r.api(allKey, "POST", "publish", byContract).as(200, &receipt); receipt.Deliveries != 1 || in.next() != `"hello"` {
		t.Errorf("%d deliveries", receipt.Deliveries)
	}
	r.api(allKey, "POST", "publish/batch", map[string]any{"publications": []any{byContract, map[string]any{"topic": topic, "args": []any{"again"}}}}).as(200, nil)
	if one, two := in.next(), in.next(); one != `"hello"` || two != `"again"` {
		t.Errorf("the batch is %s, %s", one, two)
	}
	_, err = ann.Subscribe(t.Context(), "user.ann@example.com.flash", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "user.ann@example%2Ecom.flash")

	watched := subscribe(t, ann, "tidings.content.customer.ann@example%2Ecom")
	change := map[string]any{"contracts": []any{map[string]any{"contract": "customer.{email}", "params": map[string]any{"email": mail}}}}
	r.api(allKey, "POST", "content/changed", change).as(200, nil)
	if got := watched.next(); !strings.Contains(got, `"tag":"customer.ann@example%2Ecom"`) {
		t.Errorf("the page is told %s", got)
	}
	if _, err := ann.Call(t.Context(), "tidings.presence.enter", client.Kwargs(map[string]any{"record": "customer.ann@example%2Ecom", "mode": "view"}), nil); err != nil {
		t.Fatal(err)
	}
	params, err := json.Marshal(map[string]string{"email": mail})
	if err != nil {
		t.Fatal(err)
	}
	var there struct{ Count int }
	if r.api(allKey, "GET", "presence?contract=customer.%7Bemail%7D&params="+url.QueryEscape(string(params)), nil).as(200, &there); there.Count != 1 {
		t.Errorf("%d people are there", there.Count)
	}
	there.Count = 0
	if r.api(allKey, "GET", "presence?record="+url.QueryEscape("customer.ann@example%2Ecom"), nil).as(200, &there); there.Count != 1 {
		t.Errorf("by its name, %d people are there", there.Count)
	}

	_, err = ann.Register(t.Context(), "echo.ann@example%2Ecom", func(context.Context, *client.Invocation) (client.Payload, error) { return client.Args("pong"), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Args []string }
	r.api(allKey, "POST", "call", map[string]any{"contract": "echo.{user}", "params": map[string]any{"user": mail}}).as(200, &answer)
	if len(answer.Args) != 1 || answer.Args[0] != "pong" {
		t.Errorf("the call answers %v", answer.Args)
	}
}

func TestABackendIsToldWhatIsWrongWithAContract(t *testing.T) {
	r := start(t, mailUsers)
	for want, body := range map[string]map[string]any{
		`order.{id:int}: id is "abc", and must be an integer`: {"contract": "order.{id:int}", "params": map[string]any{"id": "abc"}},
		"did you mean order.{id:int}?":                        {"contract": "ordr.{id:int}", "params": map[string]any{"id": 1}},
		"the parameter id, which is not given":                {"contract": "order.{id}"},
		"topic and contract are both given":                   {"contract": "order.{id}", "topic": "order.1"},
		"params belong to a contract":                         {"topic": "order.1", "params": map[string]any{"id": 1}},
		"expected text or an integer":                         {"contract": "order.{id}", "params": map[string]any{"id": 1.5}},
		"body.topic: is required":                             {"args": []any{1}},
	} {
		r.api(allKey, "POST", "publish", body).refused(422, want)
	}
	r.api(allKey, "POST", "content/changed", map[string]any{"contracts": []any{map[string]any{"contract": "customr.{email}", "params": map[string]any{"email": mail}}}}).
		refused(422, "there is no contract customr.{email} of a topic; did you mean customer.{email}?")
	r.api(allKey, "GET", "presence?contract=customer.%7Bemail%7D&params=x", nil).refused(422, "is not a JSON object")
	r.api(allKey, "GET", "presence", nil).refused(422, "record")
	r.api(allKey, "GET", "subscribers?topic=order.abc", nil).as(200, nil)
	r.api(allKey, "POST", "publish", map[string]any{"topic": "order.abc"}).refused(403, `the nearest contract is order.{id:int}: id is "abc", and must be an integer`)
}
