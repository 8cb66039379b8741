package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidings-io/tidings/client"
)

// application answers questions as a webhook.
func application(t *testing.T, answer func(question map[string]any) any) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question map[string]any
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			t.Error(err)
		}
		if err := json.NewEncoder(w).Encode(answer(question)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(site.Close)
	return site.URL
}

func ticketOf(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

type object = map[string]any

func login(q object) object {
	if q["ticket"] != "let me in" {
		return object{"allow": false, "reason": "that is not the word"}
	}
	return object{"allow": true, "identity": object{"id": "77", "roles": []string{"staff"}}}
}

func TestAWebhookKnowsTheUsers(t *testing.T) {
	url := application(t, func(q map[string]any) any { return login(q) })
	r := start(t, strings.Replace(basic, "auth: {", "auth: {dynamic: {webhook: "+url+"}, ", 1))
	if s := r.join(client.Config{Auth: client.Ticket(ticketOf("let me in"))}).Session(); s.AuthID != "77" {
		t.Errorf("it is %+v", s)
	}
	if _, err := r.tryJoin(client.Config{Auth: client.Ticket(ticketOf("open sesame"))}); err == nil || !strings.Contains(err.Error(), "that is not the word") {
		t.Errorf("got %v", err)
	}
	r.user("42", "") // tickets and keys are as before
	r.join(client.Config{Auth: client.Key(allKey)})
}

func TestAProcedureKnowsTheUsers(t *testing.T) {
	r := start(t, strings.Replace(basic, "auth: {", "auth: {dynamic: {procedure: app.login}, ", 1)+`
procedures: {app.login: {call: "false", register: backend}}
`)
	var abort *client.Error
	if _, err := r.tryJoin(client.Config{Auth: client.Ticket(ticketOf("let me in"))}); !errors.As(err, &abort) || !strings.Contains(err.Error(), "authentication_failed") {
		t.Errorf("before anybody answers: %v", err)
	}
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	if _, err := backend.Register(t.Context(), "app.login", func(_ context.Context, i *client.Invocation) (client.Payload, error) {
		return client.Payload{Kwargs: login(i.Kwargs)}, nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	if s := r.join(client.Config{Auth: client.Ticket(ticketOf("let me in"))}).Session(); s.AuthID != "77" {
		t.Errorf("it is %+v", s)
	}
	if _, err := r.tryJoin(client.Config{Auth: client.Ticket(ticketOf("x"))}); err == nil || !strings.Contains(err.Error(), "authentication_denied") {
		t.Errorf("got %v", err)
	}
}

func TestAnAuthorizerDecidesWhereNoContractDoes(t *testing.T) {
	var asked atomic.Int32
	url := application(t, func(q map[string]any) any {
		asked.Add(1)
		uri, _ := q["topic"].(string)
		return object{"allow": strings.HasPrefix(uri, "free."), "reason": "not free", "cache": 60}
	})
	r := start(t, basic+`
authorizer: {webhook: `+url+`}
topics:
  declared.open: {subscribe: "true", publish: "true"}
  declared.closed: {subscribe: "false"}
`)
	ann := r.user("ann", "", "staff")
	publish := func(topic string) error {
		_, err := ann.Publish(t.Context(), topic, client.Payload{}, nil)
		return err
	}
	for topic, allowed := range map[string]bool{"free.x": true, "paid.x": false, "declared.open": true, "declared.closed": false, "tidings.x": false} {
		if err := publish(topic); (err == nil) != allowed {
			t.Errorf("%s: %v", topic, err)
		}
	}
	if n := asked.Load(); n != 2 { // not about what is declared or reserved
		t.Errorf("asked %d times", n)
	}
	if err := publish("free.x"); err != nil || asked.Load() != 2 {
		t.Errorf("asked again: %v", err)
	}
	r.api(allKey, "POST", "call", object{"procedure": "tidings.authorizer.forget"}).as(200, nil)
	if err := publish("free.x"); err != nil || asked.Load() != 3 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
	if _, err := ann.Call(t.Context(), "tidings.authorizer.forget", client.Payload{}, nil); err == nil {
		t.Error("anybody may make the server forget")
	}
}

func TestAnAuthorizerMayNarrowWhatRulesAllow(t *testing.T) {
	url := application(t, func(q map[string]any) any { return object{"allow": q["action"] != "publish"} })
	r := start(t, basic+`
authorizer: {webhook: `+url+`, about: everything, on: [publish]}
topics:
  a.b: {subscribe: "true", publish: "true"}
  a.c: {subscribe: "false", publish: "false"}
`)
	ann := r.user("ann", "")
	if _, err := ann.Publish(t.Context(), "a.b", client.Payload{}, nil); err == nil {
		t.Error("it was not asked")
	}
	if _, err := ann.Subscribe(t.Context(), "a.b", func(*client.Event) {}, nil); err != nil {
		t.Error(err)
	}
	for _, topic := range []string{"a.c", "undeclared.x"} { // neither can it widen rules, nor is it asked
		if _, err := ann.Subscribe(t.Context(), topic, func(*client.Event) {}, nil); err == nil {
			t.Errorf("%s was allowed", topic)
		}
	}
}
