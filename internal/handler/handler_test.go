package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/handler"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// asks is an Asker made of a function.
type asks func(ctx context.Context, r *handler.Request) (handler.Answer, error)

func (a asks) Ask(ctx context.Context, r *handler.Request) (handler.Answer, error) { return a(ctx, r) }

// hangs is one who never answers.
func hangs(ctx context.Context, _ *handler.Request) (handler.Answer, error) {
	<-ctx.Done()
	return handler.Answer{}, ctx.Err()
}

func refusedAs(t *testing.T, err error, uri wamp.URI, text string) {
	t.Helper()
	failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
	if !ok || failure.URI != uri || !strings.Contains(failure.Message, text) {
		t.Errorf("got %v instead of %s with %q", err, uri, text)
	}
}

func TestAnswersBecomeDecisions(t *testing.T) {
	other := payload(t, `["other"]`, "")
	for _, test := range []struct {
		name    string
		answer  handler.Answer
		action  router.Action
		outcome handler.Outcome
		refused string
		payload *wamp.Payload
	}{
		{"allow", handler.Answer{Allow: true}, router.Publish, handler.Allowed, "", nil},
		{"refuse with a reason", handler.Answer{Reason: "not today"}, router.Publish, handler.Denied, "not today", nil},
		{"refuse without a reason", handler.Answer{}, router.Publish, handler.Denied, "the handler of order.{id:int} refused to publish order.42", nil},
		{"a reason without end", handler.Answer{Reason: strings.Repeat("é", 500)}, router.Publish, handler.Denied, strings.Repeat("é", 250) + "...", nil},
		{"replace", handler.Answer{Allow: true, Payload: &other}, router.Publish, handler.Replaced, "", &other},
		{"replace in a subscription", handler.Answer{Allow: true, Payload: &other}, router.Subscribe, handler.Allowed, "", nil},
		{"refuse and replace", handler.Answer{Payload: &other, Reason: "no"}, router.Publish, handler.Denied, "no", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := handler.New(handler.Options{Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) { return test.answer, nil })})
			request := aboutPublishing(t)
			request.Action = test.action
			decision, err := h.Decide(t.Context(), request)
			if test.refused != "" {
				refusedAs(t, err, wamp.ErrNotAuthorized, test.refused)
			} else if err != nil || decision.Payload != test.payload {
				t.Errorf("got %v, %v", decision, err)
			}
			if h.Counts()[test.outcome] != 1 {
				t.Errorf("it is not counted as %s: %v", test.outcome, h.Counts())
			}
		})
	}
}

func TestOnlyTheNamedActionsAreAsked(t *testing.T) {
	h := handler.New(handler.Options{On: []router.Action{router.Subscribe}, Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) { return handler.Answer{}, nil })})
	if _, err := h.Decide(t.Context(), aboutPublishing(t)); err != nil {
		t.Error(err)
	}
	request := aboutPublishing(t)
	request.Action = router.Subscribe
	if _, err := h.Decide(t.Context(), request); err == nil {
		t.Error("a subscription is not asked about")
	}
}

func TestWithoutAnAnswerThePolicyDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, policy := range []handler.Policy{handler.Refuse, handler.Allow} {
			for outcome, ask := range map[handler.Outcome]asks{
				handler.TimedOut: hangs,
				handler.Failed: func(context.Context, *handler.Request) (handler.Answer, error) {
					return handler.Answer{}, errors.New("garbage")
				},
			} {
				h := handler.New(handler.Options{Asker: ask, OnFailure: policy})
				began := time.Now()
				_, err := h.Decide(t.Context(), aboutPublishing(t))
				if policy == handler.Allow && err != nil {
					t.Errorf("%s: %v", outcome, err)
				}
				if policy == handler.Refuse {
					refusedAs(t, err, wamp.ErrAuthorizationFailed, "gave no answer about order.42")
				}
				if took := time.Since(began); outcome == handler.TimedOut && took != handler.DefaultTimeout {
					t.Errorf("the question was open for %s", took)
				}
				if h.Counts()[outcome] != 1 {
					t.Errorf("it is not counted as %s: %v", outcome, h.Counts())
				}
			}
		}
	})
}

func TestADeadHandlerHoldsABoundedNumberOfQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h := handler.New(handler.Options{Asker: asks(hangs), MaxInFlight: 3, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var wg sync.WaitGroup
		request := aboutPublishing(t)
		for range 10 {
			wg.Go(func() {
				if _, err := h.Decide(t.Context(), request); err == nil {
					t.Error("it is allowed")
				}
			})
		}
		synctest.Wait()
		if h.Counts()[handler.Busy] != 7 {
			t.Errorf("%d are turned away at once", h.Counts()[handler.Busy])
		}
		wg.Wait()
		if h.Counts()[handler.TimedOut] != 3 {
			t.Errorf("%d waited in vain", h.Counts()[handler.TimedOut])
		}
		if strings.Count(log.String(), "does not answer") != 1 {
			t.Errorf("a failure that lasts is told more than once:\n%s", log.String())
		}
	})
}

func TestRecoveryIsLogged(t *testing.T) {
	var log strings.Builder
	err := errors.New("down")
	h := handler.New(handler.Options{
		Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) {
			return handler.Answer{Allow: true}, err
		}),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for range 2 {
		h.Decide(t.Context(), aboutPublishing(t))
	}
	err = nil
	for range 2 {
		h.Decide(t.Context(), aboutPublishing(t))
	}
	if strings.Count(log.String(), "does not answer") != 1 || strings.Count(log.String(), "answers again") != 1 {
		t.Error(log.String())
	}
}

func TestAClientThatLeavesEndsItsQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler.New(handler.Options{Asker: asks(hangs), OnFailure: handler.Allow})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, err := h.Decide(ctx, aboutPublishing(t))
		refusedAs(t, err, wamp.ErrCanceled, "has gone")
		if h.Counts()[handler.Canceled] != 1 || h.Counts()[handler.TimedOut] != 0 {
			t.Errorf("it is counted as %v", h.Counts())
		}
	})
}

func TestFunctionsDecide(t *testing.T) {
	var functions handler.Functions
	other := payload(t, `["other"]`, "")
	err := functions.On("order.{id:int}", handler.Handlers{
		Subscribe: func(_ context.Context, r *handler.Request) error {
			if r.Params["id"] == "42" {
				return handler.Refused("42 is secret")
			}
			return nil
		},
		Publish: func(_ context.Context, r *handler.Request) (*wamp.Payload, error) {
			if r.Identity.ID == "ben" {
				return nil, errors.New("the database is down")
			}
			return &other, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if functions.On("order.{id:int}", handler.Handlers{Subscribe: func(context.Context, *handler.Request) error { return nil }}) == nil {
		t.Error("a contract has two handlers")
	}
	if functions.On("x", handler.Handlers{}) == nil {
		t.Error("a handler has no functions")
	}
	if _, ok := functions.Lookup("y"); ok {
		t.Error("there is a handler for nothing")
	}
	asker, _ := functions.Lookup("order.{id:int}")
	h := handler.New(handler.Options{Asker: asker})

	request := aboutPublishing(t)
	if decision, err := h.Decide(t.Context(), request); err != nil || decision.Payload != &other {
		t.Errorf("publish: %v, %v", decision, err)
	}
	request.Action = router.Subscribe
	_, err = h.Decide(t.Context(), request)
	refusedAs(t, err, wamp.ErrNotAuthorized, "42 is secret")
	request.Params = nil
	if _, err := h.Decide(t.Context(), request); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	request.Action, request.Identity = router.Publish, &router.Identity{ID: "ben"}
	_, err = h.Decide(t.Context(), request)
	refusedAs(t, err, wamp.ErrAuthorizationFailed, "gave no answer")
}
