package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/systemd"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Reloaded says what a reload did.
type Reloaded struct {
	Changes  []config.Change
	Warnings config.Problems
	Ended    int            // sessions whose way to log in is gone
	Checked  peer.Rechecked // what sessions hold
	Checking bool           // the check goes on, because the caller did not wait for it
}

// The outcomes of reloads, which are counted.
const (
	reloadApplied = iota
	reloadRefused
)

var reloadOutcomes = [...]string{reloadApplied: "applied", reloadRefused: "refused"}

var (
	errNoSource   = wamp.Fail(wamp.ErrFeatureNotSupported, "this server has no configuration that it could read again: start it with a file")
	errNotRunning = wamp.Fail(wamp.ErrUnavailable, "the server is starting or stopping: try again")
)

// Reload reads the configuration again and applies what has changed, as ADR 24 says. An error changes nothing; mistakes
// of the configuration are returned together, as config.Problems. Reloads run one after another. When ctx ends, Reload
// no longer waits for the check of what sessions hold. Must not be called by a function that decides on requests.
func (s *Server) Reload(ctx context.Context) (Reloaded, error) {
	select {
	case s.reloading <- struct{}{}:
		defer func() { <-s.reloading }()
	case <-ctx.Done():
		return Reloaded{}, ctx.Err()
	}
	s.notify(systemd.Reloading())
	defer s.notify("READY=1")
	done, next, err := s.prepare()
	if err != nil {
		s.reloads[reloadRefused].Add(1)
		s.logRefused(ctx, err)
		return Reloaded{}, err
	}
	done.Ended = next(context.WithoutCancel(ctx))
	s.reloads[reloadApplied].Add(1)
	done.Checked, err = s.policy.Recheck(ctx)
	done.Checking = err != nil // ctx has ended
	s.logger.InfoContext(ctx, "the configuration was read again", "applied", config.Names(done.Changes, false),
		"restart", config.Names(done.Changes, true), "ended", done.Ended, "revoked", done.Checked.Revoked)
	for _, w := range done.Warnings {
		s.logWarning(w)
	}
	return done, nil
}

// prepare makes everything new next to what is in force. swap puts it in force, cannot fail, and returns how many
// sessions were ended.
func (s *Server) prepare() (done Reloaded, swap func(context.Context) (ended int), err error) {
	if !s.isServing() {
		return done, nil, errNotRunning
	}
	loaded, err := s.load()
	if err != nil {
		return done, nil, err
	}
	done.Warnings = Warnings(loaded)
	done.Changes = loaded.Succeed(s.current.Load().config)
	next, err := s.compile(loaded, nil)
	if err != nil { // a mistake of the mixture with what runs
		return done, nil, err
	}
	next.chain = s.newChain(next)
	if next.api, err = httpapi.New(s.apiOptions(next)); err != nil {
		return done, nil, err
	}
	swapTransport, err := s.transport.Prepare(s.transportSettings(next))
	if err != nil {
		return done, nil, err
	}
	swapPolicy, err := s.policy.Prepare(next.contracts, next.keys)
	if err != nil {
		return done, nil, config.Problems{loaded.Problem(loaded.Pos("topics"), err.Error(), "put the contract back, or restart the program without its functions")}
	}
	return done, func(ctx context.Context) int {
		return s.swap(ctx, next, func() {
			next.basis = swapPolicy()
			swapTransport()
		})
	}, nil
}

// isServing reports whether the server is ready, and does not stop.
func (s *Server) isServing() bool {
	select {
	case <-s.ready:
		return !s.draining.Load()
	default:
		return false
	}
}

// load reads the configuration. It finds the mistakes that Check finds.
func (s *Server) load() (*config.Config, error) {
	if s.options.Load == nil {
		return nil, errNoSource
	}
	loaded, err := s.options.Load()
	var problems config.Problems
	if err != nil && (loaded == nil || !errors.As(err, &problems)) {
		return nil, err
	}
	if err := Check(loaded, problems, s.options.Files); err != nil {
		return nil, err
	}
	return loaded, checkSections(loaded)
}

// swap puts a snapshot in force.
func (s *Server) swap(ctx context.Context, next *snapshot, parts func()) (ended int) {
	former, c := s.current.Load(), next.config
	next.chain.TakeOver(former.chain)
	parts()
	s.attempts.Change(loginLimits(c))
	s.httpLimit.Change(s.httpLimits(c))
	s.logLevel.Set(logLevel(c.Log))
	for _, component := range s.components {
		if changes, ok := component.Component.(feature.Configurable); ok {
			changes.Configure(c)
		}
	}
	s.current.Store(next)
	ended = s.router.Change(ctx, next.router())
	former.closeLoginHook()
	return ended
}

func (s *Server) logRefused(ctx context.Context, err error) {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		s.logger.ErrorContext(ctx, "the configuration cannot be read again, and the former one goes on", "error", err)
		return
	}
	for _, p := range problems {
		s.logger.ErrorContext(ctx, "a mistake in the configuration", "position", p.Pos.String(), "mistake", p.Message, "fix", p.Fix)
	}
	s.logger.ErrorContext(ctx, "the configuration was refused, and the former one goes on", "mistakes", len(problems))
}

// Reload implements [httpapi.Reloader].
func (b apiBackend) Reload(ctx context.Context) (httpapi.ReloadAnswer, error) {
	done, err := b.Server.Reload(ctx)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		refusal := httpapi.NewProblem(http.StatusUnprocessableEntity,
			"the configuration has mistakes, so the former one goes on: %d in all", len(problems))
		refusal.Flaws = flaws(problems)
		return httpapi.ReloadAnswer{}, refusal
	}
	answer := httpapi.ReloadAnswer{
		Applied: []string{}, Restart: []string{}, Warnings: flaws(done.Warnings), SessionsEnded: done.Ended,
		Kept: done.Checked.Kept, Revoked: done.Checked.Revoked, Undecided: done.Checked.Undecided, Checking: done.Checking,
	}
	for _, c := range done.Changes {
		if c.Restart {
			answer.Restart = append(answer.Restart, c.Key)
		} else {
			answer.Applied = append(answer.Applied, c.Key)
		}
	}
	return answer, err
}

func flaws(problems config.Problems) []httpapi.Flaw {
	list := make([]httpapi.Flaw, len(problems))
	for i, p := range problems {
		list[i] = httpapi.Flaw{Location: p.Pos.String(), Message: strings.Join(slices.DeleteFunc([]string{p.Message, p.Fix}, isEmpty), "; ")}
	}
	return list
}

func isEmpty(text string) bool { return text == "" }

// Interface guards.
var _ httpapi.Reloader = apiBackend{}
