package hook_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// decides adapts a function to a Decider.
type decides func(ctx context.Context, q *hook.Query) (hook.Decision, error)

func (d decides) Decide(ctx context.Context, q *hook.Query) (hook.Decision, error) { return d(ctx, q) }

// hangs waits until ctx ends.
func hangs(ctx context.Context, _ *hook.Query) (hook.Decision, error) {
	<-ctx.Done()
	return hook.Decision{}, ctx.Err()
}

func refusedAs(t *testing.T, err error, uri wamp.URI, text string) {
	t.Helper()
	failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
	if !ok || failure.URI != uri || !strings.Contains(failure.Message, text) {
		t.Errorf("got %v instead of %s with %q", err, uri, text)
	}
}

func TestDecisionsAreCarriedOut(t *testing.T) {
	other := payload(t, `["other"]`, "")
	for _, test := range []struct {
		name    string
		gives   hook.Decision
		action  peer.Action
		outcome hook.Outcome
		refused string
		payload *wamp.Payload
	}{
		{"allow", hook.Decision{Allow: true}, peer.Publish, hook.Allowed, "", nil},
		{"refuse with a reason", hook.Decision{Reason: "not today"}, peer.Publish, hook.Denied, "not today", nil},
		{"refuse without a reason", hook.Decision{}, peer.Publish, hook.Denied, "the handler of order.{id:int} refused to publish order.42", nil},
		{"a reason without end", hook.Decision{Reason: strings.Repeat("é", 500)}, peer.Publish, hook.Denied, strings.Repeat("é", 250) + "...", nil},
		{"replace", hook.Decision{Allow: true, Payload: &other}, peer.Publish, hook.Replaced, "", &other},
		{"replace in a subscription", hook.Decision{Allow: true, Payload: &other}, peer.Subscribe, hook.Allowed, "", nil},
		{"refuse and replace", hook.Decision{Payload: &other, Reason: "no"}, peer.Publish, hook.Denied, "no", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := hook.New(hook.Options{Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) { return test.gives, nil })})
			request := aboutPublishing(t)
			request.Action = test.action
			decision, err := h.Authorize(t.Context(), request)
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

func TestOnlyTheNamedActionsAreAskedAbout(t *testing.T) {
	h := hook.New(hook.Options{On: []peer.Action{peer.Subscribe}, Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) { return hook.Decision{}, nil })})
	if _, err := h.Authorize(t.Context(), aboutPublishing(t)); err != nil {
		t.Error(err)
	}
	request := aboutPublishing(t)
	request.Action = peer.Subscribe
	if _, err := h.Authorize(t.Context(), request); err == nil {
		t.Error("a subscription is not asked about")
	}
}

func TestWithoutADecisionTheFallbackApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fallback := range []hook.Fallback{hook.Refuse, hook.Allow} {
			for outcome, ask := range map[hook.Outcome]decides{
				hook.TimedOut: hangs,
				hook.Failed: func(context.Context, *hook.Query) (hook.Decision, error) {
					return hook.Decision{}, errors.New("garbage")
				},
			} {
				h := hook.New(hook.Options{Decider: ask, OnFailure: fallback})
				began := time.Now()
				_, err := h.Authorize(t.Context(), aboutPublishing(t))
				if fallback == hook.Allow && err != nil {
					t.Errorf("%s: %v", outcome, err)
				}
				if fallback == hook.Refuse {
					refusedAs(t, err, wamp.ErrAuthorizationFailed, "gave no answer about order.42")
				}
				if took := time.Since(began); outcome == hook.TimedOut && took != hook.DefaultTimeout {
					t.Errorf("the query was open for %s", took)
				}
				if h.Counts()[outcome] != 1 {
					t.Errorf("it is not counted as %s: %v", outcome, h.Counts())
				}
			}
		}
	})
}

func TestADeadDeciderHoldsABoundedNumberOfQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h := hook.New(hook.Options{Decider: decides(hangs), MaxInFlight: 3, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var wg sync.WaitGroup
		request := aboutPublishing(t)
		for range 10 {
			wg.Go(func() {
				if _, err := h.Authorize(t.Context(), request); err == nil {
					t.Error("it is allowed")
				}
			})
		}
		synctest.Wait()
		if h.Counts()[hook.Busy] != 7 {
			t.Errorf("%d are refused at once", h.Counts()[hook.Busy])
		}
		wg.Wait()
		if h.Counts()[hook.TimedOut] != 3 {
			t.Errorf("%d waited for the timeout", h.Counts()[hook.TimedOut])
		}
		if strings.Count(log.String(), "does not answer") != 1 {
			t.Errorf("a failure that lasts is logged more than once:\n%s", log.String())
		}
	})
}

func TestRecoveryIsLogged(t *testing.T) {
	var log strings.Builder
	err := errors.New("down")
	h := hook.New(hook.Options{
		Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) {
			return hook.Decision{Allow: true}, err
		}),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for range 2 {
		h.Authorize(t.Context(), aboutPublishing(t))
	}
	err = nil
	for range 2 {
		h.Authorize(t.Context(), aboutPublishing(t))
	}
	if strings.Count(log.String(), "does not answer") != 1 || strings.Count(log.String(), "answers again") != 1 {
		t.Error(log.String())
	}
}

func TestAClientThatLeavesEndsItsQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hook.New(hook.Options{Decider: decides(hangs), OnFailure: hook.Allow})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, err := h.Authorize(ctx, aboutPublishing(t))
		refusedAs(t, err, wamp.ErrCanceled, "has gone")
		if h.Counts()[hook.Canceled] != 1 || h.Counts()[hook.TimedOut] != 0 {
			t.Errorf("it is counted as %v", h.Counts())
		}
	})
}

func TestFunctionsDecide(t *testing.T) {
	other := payload(t, `["other"]`, "")
	functions := hook.Functions{
		Subscribe: func(_ context.Context, r *hook.Query) error {
			if r.Params["id"] == "42" {
				return hook.Refused("42 is secret")
			}
			return nil
		},
		Publish: func(_ context.Context, r *hook.Query) (*wamp.Payload, error) {
			if r.Identity.ID == "ben" {
				return nil, errors.New("the database is down")
			}
			return &other, nil
		},
	}
	h := hook.New(hook.Options{Decider: &functions, On: functions.On()})
	if !h.Applies(peer.Subscribe) || !h.Applies(peer.Publish) || len((&hook.Functions{}).On()) != 0 {
		t.Errorf("functions are asked about %v", functions.On())
	}

	request := aboutPublishing(t)
	if decision, err := h.Authorize(t.Context(), request); err != nil || decision.Payload != &other {
		t.Errorf("publish: %v, %v", decision, err)
	}
	request.Action = peer.Subscribe
	_, err := h.Authorize(t.Context(), request)
	refusedAs(t, err, wamp.ErrNotAuthorized, "42 is secret")
	request.Params = nil
	if _, err := h.Authorize(t.Context(), request); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	request.Action, request.Identity = peer.Publish, &peer.Identity{ID: "ben"}
	_, err = h.Authorize(t.Context(), request)
	refusedAs(t, err, wamp.ErrAuthorizationFailed, "gave no answer")
}
