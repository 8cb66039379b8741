package hook_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// local returns a decider whose procedure answers with result and err.
func local(t *testing.T, result wamp.Payload, err error) *hook.Procedure {
	t.Helper()
	realm := router.New(router.Options{}).AddRealm("app")
	cancel, registerError := realm.Register(router.LocalProcedure{
		Procedure: "com.example.ask",
		Handler:   func(context.Context, router.LocalInvocation) (wamp.Payload, error) { return result, err },
	})
	if registerError != nil {
		t.Fatal(registerError)
	}
	t.Cleanup(cancel)
	return hook.NewProcedure(realm, "com.example.ask")
}

func TestTheAnswerOfAProcedureIsDecoded(t *testing.T) {
	for _, test := range []struct {
		name   string
		result wamp.Payload
		err    error
		want   hook.Decision
		args   string
		fails  string
	}{
		{"allow", payload(t, "", `{"allow":true}`), nil, hook.Decision{Allow: true}, "", ""},
		{"refuse", payload(t, "", `{"allow":false,"reason":"closed"}`), nil, hook.Decision{Reason: "closed"}, "", ""},
		{"replace", payload(t, "", `{"allow":true,"args":[9007199254740993]}`), nil, hook.Decision{Allow: true}, "[9007199254740993]", ""},
		{"nothing", wamp.Payload{}, nil, hook.Decision{}, "", "no keyword arguments"},
		{"a plain yes", payload(t, `[true]`, ""), nil, hook.Decision{}, "", "no keyword arguments"},
		{"a refusal as an error", wamp.Payload{}, &calls.Error{URI: wamp.ErrNotAuthorized, Payload: payload(t, `["closed"]`, "")}, hook.Decision{Reason: "closed"}, "", ""},
		{"a refusal without text", wamp.Payload{}, &calls.Error{URI: wamp.ErrNotAuthorized}, hook.Decision{}, "", ""},
		{"another error", wamp.Payload{}, &calls.Error{URI: "com.example.broken"}, hook.Decision{}, "", "com.example.broken"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := local(t, test.result, test.err).Decide(t.Context(), aboutPublishing(t))
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.Allow != test.want.Allow || got.Reason != test.want.Reason {
				t.Errorf("got %+v, %v", got, err)
			}
			if test.args != "" && (got.Payload == nil || string(got.Payload.Args) != test.args) {
				t.Errorf("the payload is %+v", got.Payload)
			}
		})
	}
}

func TestAProcedureWithoutACalleeIsAFailure(t *testing.T) {
	p := hook.NewProcedure(router.New(router.Options{}).AddRealm("app"), "com.example.ask")
	if _, err := p.Decide(t.Context(), aboutPublishing(t)); err == nil || !strings.Contains(err.Error(), "no session has registered com.example.ask") {
		t.Errorf("got %v", err)
	}
}

func TestASessionIsAskedAboutOthersButNotAboutItself(t *testing.T) {
	r, realm := routertest.Realm()
	callee := routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})
	other := routertest.Join(t, r, routertest.Page{Identity: ann})
	callee.Send(&wamp.Register{Request: 1, Procedure: "com.example.ask"})
	if m, ok := callee.Next().(*wamp.Registered); !ok {
		t.Fatalf("got %+v", m)
	}
	h := hook.New(hook.Options{Decider: hook.NewProcedure(realm, "com.example.ask")})

	request := aboutPublishing(t)
	request.Session = callee.Session()
	if _, err := h.Authorize(t.Context(), request); err != nil {
		t.Errorf("it is asked about itself: %v", err)
	}

	request.Session = other.Session()
	var wg sync.WaitGroup
	var refused error
	wg.Go(func() { _, refused = h.Authorize(t.Context(), request) })
	invocation, ok := callee.Next().(*wamp.Invocation)
	if !ok || invocation.Request != 1 {
		t.Fatalf("the callee is asked %+v", invocation)
	}
	var kwargs wamp.Dict
	if err := invocation.Payload.Decode(nil, &kwargs); err != nil {
		t.Error(err)
	}
	if id, _ := kwargs.ID("session"); id != other.Session().ID() {
		t.Errorf("it is asked about %v", kwargs)
	}
	callee.Send(&wamp.Yield{Request: 1, Payload: payload(t, "", `{"allow":false,"reason":"closed"}`)})
	wg.Wait()
	refusedAs(t, refused, wamp.ErrNotAuthorized, "closed")
}

func TestTheDecisionReachesTheClient(t *testing.T) {
	r := router.New(router.Options{Authorizer: authorizes{hook.New(hook.Options{Decider: decides(func(_ context.Context, q *hook.Query) (hook.Decision, error) {
		if q.Topic == "order.1" {
			return hook.Decision{Reason: "closed"}, nil
		}
		other := payload(t, `["other"]`, "")
		return hook.Decision{Allow: true, Payload: &other}, nil
	})})}})
	r.AddRealm("app")
	m := routertest.Join(t, r, routertest.Page{Identity: ann})
	m.Subscribe("order.2", wamp.MatchExact)
	m.Send(&wamp.Publish{Request: 2, Topic: "order.2", Options: wamp.Dict{"exclude_me": false}, Payload: payload(t, `["mine"]`, "")})
	if event, ok := m.Next().(*wamp.Event); !ok || string(event.Payload.Args) != `["other"]` {
		t.Errorf("the event is %+v", event)
	}
	m.Send(&wamp.Publish{Request: 3, Topic: "order.1", Options: wamp.Dict{"acknowledge": true}})
	if refusal, ok := m.Next().(*wamp.Error); !ok || refusal.Error != wamp.ErrNotAuthorized || string(refusal.Payload.Args) != `["closed"]` {
		t.Errorf("the refusal is %+v", refusal)
	}
}

// authorizes adapts a hook to an Authorizer.
type authorizes struct{ h *hook.Hook }

func (a authorizes) Authorize(ctx context.Context, r router.Request) (peer.Decision, error) {
	if r.Match != wamp.MatchExact {
		return peer.Decision{}, errors.New("a pattern")
	}
	decision, err := a.h.Authorize(ctx, &hook.Query{Action: r.Action, Topic: r.URI, Session: r.Session, Identity: r.Session.Identity(), Payload: r.Payload})
	return peer.Decision{Payload: decision.Payload}, err
}

// says is a Caller whose callee answers with unchecked bytes.
type says []byte

func (s says) Callee(wamp.URI) (*router.Session, bool) { return nil, true }

func (s says) Call(context.Context, router.CallRequest) (wamp.Payload, error) {
	return wamp.Payload{Serialization: wamp.JSON, Kwargs: s}, nil
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"allow":true}`, `{"allow":false,"reason":"\ud800"}`, `{"allow":true,"args":[1],"kwargs":{"a":null}}`, `{"allow":true,"args":null}`, `{"allow":true,"args":[[[]]]`, `[]`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		request := &hook.Query{Action: peer.Publish, Topic: "x", Contract: "x"}
		got, err := hook.NewProcedure(says(answer), "ask").Decide(t.Context(), request)
		if err != nil || got.Payload == nil {
			return
		}
		if !got.Allow {
			t.Error("a refusal replaces the payload")
		}
		if _, err := got.Payload.Value(); err != nil {
			t.Errorf("the payload cannot be published: %v", err)
		}
	})
}
