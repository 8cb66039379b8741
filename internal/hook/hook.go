package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultTimeout bounds a query. It is short because a person waits for the decision.
	DefaultTimeout = 2 * time.Second
	// DefaultMaxInFlight bounds the queries that are open at once. With DefaultTimeout a dead decider
	// costs 32 queries a second, and requests about other contracts are not delayed.
	DefaultMaxInFlight = 64
	// maxReasonBytes bounds the text of a refusal that the client is sent.
	maxReasonBytes = 500
)

// Decider decides on a query. Decide must return when ctx ends. An error means that there is no
// decision.
type Decider interface {
	Decide(ctx context.Context, q *Query) (Decision, error)
}

// Query describes the request that a [Decider] decides on. It is read-only.
type Query struct {
	Action   peer.Action
	Topic    wamp.URI
	Contract string            // the pattern of the topic's contract
	Params   map[string]string // the values of the pattern's parameters
	Session  *router.Session   // nil for the HTTP API
	Identity *peer.Identity
	Payload  wamp.Payload // of a publication or a call
	Match    wamp.Match   // of a subscription or a registration
}

// Decision is the answer to a [Query].
type Decision struct {
	Allow   bool
	Reason  string        // of a refusal, for the client
	Payload *wamp.Payload // published instead; nil keeps the client's payload
	Cache   time.Duration // how long the decision holds for the same query; 0 means for this query only
	Until   time.Time     // set by [Cache] on a decision that it keeps; zero if it keeps none
}

// Fallback selects the answer to a request for which there is no decision.
type Fallback uint8

// The fallbacks.
const (
	Refuse Fallback = iota
	Allow
)

// Options configure a [Hook]. Decider is required; the zero value of every other field works.
type Options struct {
	Decider     Decider
	On          []peer.Action // actions that need a decision; nil means Subscribe and Publish
	Timeout     time.Duration // 0 means DefaultTimeout
	OnFailure   Fallback
	MaxInFlight int // 0 means DefaultMaxInFlight
	Logger      *slog.Logger
}

// Hook asks a [Decider] about the topics of one contract. It is safe for concurrent use.
type Hook struct {
	options Options
	slots   chan struct{} // holds one value for each open query
	counts  [len(outcomeNames)]atomic.Uint64
	failing atomic.Bool // the last query had no decision; only changes are logged
}

// New returns a hook.
func New(options Options) *Hook {
	if options.On == nil {
		options.On = []peer.Action{peer.Subscribe, peer.Publish}
	}
	if options.Timeout <= 0 {
		options.Timeout = DefaultTimeout
	}
	if options.MaxInFlight <= 0 {
		options.MaxInFlight = DefaultMaxInFlight
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Hook{options: options, slots: make(chan struct{}, options.MaxInFlight)}
}

// Applies reports whether the hook asks about an action.
func (h *Hook) Applies(action peer.Action) bool { return slices.Contains(h.options.On, action) }

// Authorize asks the decider, if the hook applies to the action. The error is a [*wamp.Failure] for
// the client.
func (h *Hook) Authorize(ctx context.Context, q *Query) (Decision, error) {
	if !h.Applies(q.Action) {
		return Decision{Allow: true}, nil
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return h.undecided(ctx, q, failure{Busy, errTooMany})
	}
	asking, cancel := context.WithTimeout(ctx, h.options.Timeout)
	defer cancel()
	decision, err := h.options.Decider.Decide(asking, q)
	if panicked, ok := errors.AsType[*panicError](err); ok {
		return Decision{}, h.panicked(ctx, q, panicked)
	}
	switch {
	case err == nil:
		return h.decided(ctx, q, decision)
	case ctx.Err() != nil:
		h.counts[Canceled].Add(1)
		return Decision{}, wamp.Fail(wamp.ErrCanceled, "the client that asked for %s has gone", q.Topic)
	case asking.Err() != nil:
		return h.undecided(ctx, q, failure{TimedOut, err})
	default:
		return h.undecided(ctx, q, failure{Failed, err})
	}
}

var errTooMany = errors.New("too many queries are open")

func (h *Hook) decided(ctx context.Context, q *Query, decision Decision) (Decision, error) {
	if h.failing.Swap(false) {
		h.options.Logger.InfoContext(ctx, "handler answers again", "contract", q.Contract)
	}
	if !decision.Allow {
		h.counts[Denied].Add(1)
		return decision, wamp.Fail(wamp.ErrNotAuthorized, "%s", reason(decision.Reason, q))
	}
	if q.Action != peer.Publish {
		decision.Payload = nil
	}
	if decision.Payload == nil {
		h.counts[Allowed].Add(1)
	} else {
		h.counts[Replaced].Add(1)
	}
	return decision, nil
}

// reason returns the text of a refusal that the client is sent.
func reason(text string, q *Query) string {
	text = strings.ToValidUTF8(text, "")
	if text == "" {
		return "the handler of " + q.Contract + " refused to " + q.Action.String() + " " + string(q.Topic)
	}
	if len(text) > maxReasonBytes {
		text = strings.ToValidUTF8(text[:maxReasonBytes], "") + "..."
	}
	return text
}

// failure is the cause of a missing decision.
type failure struct {
	outcome Outcome
	err     error
}

// panicked counts and logs a panic, and returns the refusal. It is not one of those after which a client asks again.
func (h *Hook) panicked(ctx context.Context, q *Query, why *panicError) error {
	h.counts[Failed].Add(1)
	h.options.Logger.ErrorContext(ctx, "a handler panicked, and the request was refused", "contract", q.Contract,
		"action", q.Action.String(), "topic", string(q.Topic), "panic", fmt.Sprint(why.fault), "stack", string(why.stack))
	return wamp.Fail(router.ErrInternal, "the handler of %s panicked when it was asked whether this client may %s %s; the log of the server says where",
		q.Contract, q.Action, q.Topic)
}

// undecided counts a failure and applies the fallback.
func (h *Hook) undecided(ctx context.Context, q *Query, f failure) (Decision, error) {
	h.counts[f.outcome].Add(1)
	if !h.failing.Swap(true) {
		h.options.Logger.WarnContext(ctx, "handler does not answer", "contract", q.Contract,
			"outcome", f.outcome.String(), "error", f.err, "allowed", h.options.OnFailure == Allow)
	}
	if h.options.OnFailure == Allow {
		return Decision{Allow: true}, nil
	}
	return Decision{}, wamp.Fail(wamp.ErrAuthorizationFailed,
		"the handler of %s gave no answer about %s; try again later", q.Contract, q.Topic)
}
