package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/server"
	"github.com/tidings-io/tidings/internal/wamp"
)

// door is a topic whose rules allow every session, so only its handler decides.
const door = basic + `
topics:
  door.{name:slug}:
    subscribe: "true"
    publish: "true"
    HANDLER
procedures:
  door.keeper: {call: nobody, register: backend}
`

func doorWith(handler string) string {
	return strings.NewReplacer("HANDLER", handler, "call: nobody", `call: "false"`).Replace(door)
}

// keeper decides by the name of the topic, for every kind of handler.
func keeper(name string) (allow bool, reason, replacement string) {
	switch name {
	case "locked":
		return false, "the door is locked", ""
	case "echo":
		return true, "", "echo"
	}
	return true, "", ""
}

// behindTheDoor checks that the handler's decisions hold, by WebSocket and by HTTP.
func behindTheDoor(t *testing.T, r *running) {
	t.Helper()
	ann := r.user("ann", "")
	open, echo := subscribe(t, ann, "door.open"), subscribe(t, ann, "door.echo")
	_, err := ann.Subscribe(t.Context(), "door.locked", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "the door is locked")
	_, err = ann.Subscribe(t.Context(), "door.", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchPrefix})
	refusedWith(t, err, "wamp.error.not_authorized", "handler")
	_, err = r.user("ben", "").Publish(t.Context(), "door.locked", client.Args("knock"), nil)
	refusedWith(t, err, "wamp.error.not_authorized", "the door is locked")
	r.api(allKey, "POST", "publish", map[string]any{"topic": "door.locked"}).refused(403, "the door is locked")

	r.api(allKey, "POST", "publish", map[string]any{"topic": "door.open", "args": []any{"knock"}}).as(200, nil)
	if got := open.next(); got != `"knock"` {
		t.Errorf("through the open door came %s", got)
	}
	if _, err := r.user("ben", "").Publish(t.Context(), "door.echo", client.Args("knock"), nil); err != nil {
		t.Error(err)
	}
	if got := echo.next(); got != `"echo"` {
		t.Errorf("the replacement is %s", got)
	}
}

func TestAWebhookDecides(t *testing.T) {
	asked := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Header.Get("Tidings-Signature") == "" {
			t.Error("the question is not signed")
		}
		asked <- string(body)
		var question struct{ Params struct{ Name string } }
		if err := json.Unmarshal(body, &question); err != nil {
			t.Error(err)
		}
		allow, reason, replacement := keeper(question.Params.Name)
		answer := map[string]any{"allow": allow, "reason": reason}
		if replacement != "" {
			answer["args"] = []any{replacement}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(hook.Close)
	r := start(t, doorWith("handler: {webhook: "+hook.URL+", secret: sesame-0123456789}"))
	behindTheDoor(t, r)
	if first := <-asked; !strings.Contains(first, `"contract":"door.{name:slug}"`) || !strings.Contains(first, `"id":"ann"`) {
		t.Errorf("it was asked %s", first)
	}
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	if !strings.Contains(metrics, `tidings_handler_answers_total{contract="door.{name:slug}",outcome="denied"} 3`) {
		t.Error("the metrics do not count the refusals")
	}
}

func TestAProcedureDecides(t *testing.T) {
	r := start(t, doorWith("handler: {procedure: door.keeper}"))
	ann := r.user("ann", "")
	_, err := ann.Subscribe(t.Context(), "door.open", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.authorization_failed", "no answer")

	backend := r.join(client.Config{Auth: client.Key(allKey)})
	_, err = backend.Register(t.Context(), "door.keeper", func(_ context.Context, in *client.Invocation) (client.Payload, error) {
		params, _ := in.Kwargs["params"].(map[string]any)
		name, _ := params["name"].(string)
		allow, reason, replacement := keeper(name)
		answer := map[string]any{"allow": allow, "reason": reason}
		if replacement != "" {
			answer["args"] = []any{replacement}
		}
		return client.Kwargs(answer), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	behindTheDoor(t, r)
}

func TestAFunctionOfTheProgramDecides(t *testing.T) {
	r := start(t, doorWith(""), func(s *server.Server) {
		decide := func(q *hook.Query) (*wamp.Payload, error) {
			allow, reason, replacement := keeper(q.Params["name"])
			if !allow {
				return nil, hook.Refused(reason)
			}
			if replacement == "" {
				return nil, nil
			}
			payload, err := wamp.NewPayload([]any{replacement}, nil)
			return &payload, err
		}
		functions := hook.Functions{
			Subscribe: func(_ context.Context, q *hook.Query) error { _, err := decide(q); return err },
			Publish:   func(_ context.Context, q *hook.Query) (*wamp.Payload, error) { return decide(q) },
		}
		if err := s.Handle("door.{name:slug}", functions); err != nil {
			t.Fatal(err)
		}
		if err := s.Handle("door.{name:slug}", functions); err == nil {
			t.Error("a contract got two handlers")
		}
		if err := s.Handle("window", functions); err == nil {
			t.Error("what is not declared got a handler")
		}
	})
	behindTheDoor(t, r)
}

func TestAHandlerThatFailsDecidesByItsFailurePolicy(t *testing.T) {
	for policy, refused := range map[string]bool{"refuse": true, "allow": false} {
		r := start(t, doorWith("handler: {webhook: 'http://127.0.0.1:1/', on_failure: "+policy+"}"))
		_, err := r.user("ann", "").Subscribe(t.Context(), "door.open", func(*client.Event) {}, nil)
		var answer *client.Error
		if errors.As(err, &answer) != refused {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

func TestAReplacementMayNotBreakTheContract(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "text.json", `{"type": "string"}`)
	r := start(t, doorWith("payload: {schema: "+folder+"/text.json}"), func(s *server.Server) {
		err := s.Handle("door.{name:slug}", hook.Functions{Publish: func(context.Context, *hook.Query) (*wamp.Payload, error) {
			payload, err := wamp.NewPayload([]any{42}, nil)
			return &payload, err
		}})
		if err != nil {
			t.Fatal(err)
		}
	})
	_, err := r.user("ann", "").Publish(t.Context(), "door.open", client.Args("text"), nil)
	refusedWith(t, err, "wamp.error.invalid_argument", "schema")
}

func TestAPeriodicPublicationIsMadeWhileThereAreSubscribers(t *testing.T) {
	r := start(t, basic+`
topics:
  clock: {subscribe: "true", every: {interval: 1s, kwargs: {tick: true}}}
`)
	if got := subscribe(t, r.user("ann", ""), "clock").next(); got != `{"tick":true}` {
		t.Errorf("got %s", got)
	}
}

// Both patterns match order.new, and only one contract speaks for it.
func TestAPeriodicPublicationIsMadeByTheContractThatDecides(t *testing.T) {
	r := start(t, basic+`
topics:
  "order.{id}": {subscribe: "true", every: {interval: 1s, args: [any]}}
  order.new: {subscribe: "true", every: {interval: 1s, args: [new]}}
`)
	ann := r.user("ann", "")
	special, usual := subscribe(t, ann, "order.new"), subscribe(t, ann, "order.7")
	if got := special.next(); got != `"new"` {
		t.Errorf("on order.new came %s", got)
	}
	if got := usual.next(); got != `"any"` { // it was subscribed to later, so its turn is later too
		t.Errorf("on order.7 came %s", got)
	}
	special.none()
}

func TestHandleWhileTheServerRunsIsAnError(t *testing.T) {
	r := start(t, doorWith(""))
	ann := r.user("ann", "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			if _, err := ann.Publish(t.Context(), "door.open", client.Payload{}, nil); err != nil {
				t.Error(err)
			}
		}
	}()
	err := r.server.Handle("door.{name:slug}", hook.Functions{Subscribe: func(context.Context, *hook.Query) error { return nil }})
	if err == nil || !strings.Contains(err.Error(), "before Run") {
		t.Errorf("got %v", err)
	}
	<-done
}
