package handler

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultTimeout is how long an answer may take: a person waits for it.
	DefaultTimeout = 2 * time.Second
	// DefaultMaxInFlight bounds the questions that are open at once. With the timeout it is 32
	// questions a second to somebody who is dead; everybody else is served as usual.
	DefaultMaxInFlight = 64
	// maxReasonBytes bounds what a refusal may tell the client.
	maxReasonBytes = 500
)

// Asker is somebody who decides. It must end when ctx does. An error means that there is no
// decision.
type Asker interface {
	Ask(ctx context.Context, r *Request) (Answer, error)
}

// Request is what is asked about. It is read-only.
type Request struct {
	Action   router.Action
	Topic    wamp.URI
	Contract string            // the pattern of the topic's contract
	Params   map[string]string // of the topic
	Session  *router.Session   // nil: the HTTP API
	Identity *router.Identity
	Payload  wamp.Payload // of a publication or a call
	Match    wamp.Match   // of a subscription or a registration
}

// Answer is a decision.
type Answer struct {
	Allow   bool
	Reason  string        // of a refusal, for the client
	Payload *wamp.Payload // published instead; nil keeps what was sent
	Cache   time.Duration // how long the answer holds for the same question; 0: for this one only
}

// Policy is what happens without a decision.
type Policy uint8

// The policies.
const (
	Refuse Policy = iota
	Allow
)

// Options configure a [Handler]. Asker is needed, everything else works as zero value.
type Options struct {
	Asker       Asker
	On          []router.Action // what it is asked about; nil: Subscribe and Publish
	Timeout     time.Duration   // 0: DefaultTimeout
	OnFailure   Policy
	MaxInFlight int // 0: DefaultMaxInFlight
	Logger      *slog.Logger
}

// Handler asks about the topics of one contract. It is safe for concurrent use.
type Handler struct {
	options Options
	slots   chan struct{} // one for each open question
	counts  [len(outcomeNames)]atomic.Uint64
	failing atomic.Bool // the last question had no answer; so that only changes are logged
}

// New makes a handler.
func New(options Options) *Handler {
	if options.On == nil {
		options.On = []router.Action{router.Subscribe, router.Publish}
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
	return &Handler{options: options, slots: make(chan struct{}, options.MaxInFlight)}
}

// Decide asks, if this action is asked about, and gives what the router needs. The error is a
// [*wamp.Failure] for the client.
func (h *Handler) Decide(ctx context.Context, r *Request) (router.Decision, error) {
	if !slices.Contains(h.options.On, r.Action) {
		return router.Decision{}, nil
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return h.undecided(ctx, r, failure{Busy, errTooMany})
	}
	asking, cancel := context.WithTimeout(ctx, h.options.Timeout)
	defer cancel()
	answer, err := h.options.Asker.Ask(asking, r)
	switch {
	case err == nil:
		return h.decided(ctx, r, answer)
	case ctx.Err() != nil:
		h.counts[Canceled].Add(1)
		return router.Decision{}, wamp.Fail(wamp.ErrCanceled, "whoever asked for %s has gone", r.Topic)
	case asking.Err() != nil:
		return h.undecided(ctx, r, failure{TimedOut, err})
	default:
		return h.undecided(ctx, r, failure{Failed, err})
	}
}

var errTooMany = errors.New("too many questions are open")

func (h *Handler) decided(ctx context.Context, r *Request, answer Answer) (router.Decision, error) {
	if h.failing.Swap(false) {
		h.options.Logger.InfoContext(ctx, "handler answers again", "contract", r.Contract)
	}
	if !answer.Allow {
		h.counts[Denied].Add(1)
		return router.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "%s", reason(answer.Reason, r))
	}
	if answer.Payload == nil || r.Action != router.Publish {
		h.counts[Allowed].Add(1)
		return router.Decision{}, nil
	}
	h.counts[Replaced].Add(1)
	return router.Decision{Payload: answer.Payload}, nil
}

// reason is what the client is told.
func reason(text string, r *Request) string {
	text = strings.ToValidUTF8(text, "")
	if text == "" {
		return "the handler of " + r.Contract + " refused to " + r.Action.String() + " " + string(r.Topic)
	}
	if len(text) > maxReasonBytes {
		text = strings.ToValidUTF8(text[:maxReasonBytes], "") + "..."
	}
	return text
}

// failure is why there is no decision.
type failure struct {
	outcome Outcome
	err     error
}

// undecided does what the policy says.
func (h *Handler) undecided(ctx context.Context, r *Request, f failure) (router.Decision, error) {
	h.counts[f.outcome].Add(1)
	if !h.failing.Swap(true) {
		h.options.Logger.WarnContext(ctx, "handler does not answer", "contract", r.Contract,
			"outcome", f.outcome.String(), "error", f.err, "allowed", h.options.OnFailure == Allow)
	}
	if h.options.OnFailure == Allow {
		return router.Decision{}, nil
	}
	return router.Decision{}, wamp.Fail(wamp.ErrAuthorizationFailed,
		"the handler of %s gave no answer about %s; try again later", r.Contract, r.Topic)
}
