package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/wamp"
)

// register handles REGISTER.
func (s *Session) register(ctx context.Context, m *wamp.Register) error {
	wanted, err := s.wish(ctx, m)
	if err == nil {
		err = s.realm.dealer.register(m.Request, wanted)
	}
	s.reply(m, err)
	return nil
}

func (s *Session) wish(ctx context.Context, m *wamp.Register) (*wish, error) {
	match := m.Options.Match()
	if _, err := s.authorize(ctx, Request{Session: s, Action: Register, URI: m.Procedure, Match: match}); err != nil {
		return nil, err
	}
	policy, err := parsePolicy(m.Options)
	if err != nil {
		return nil, err
	}
	disclose, _ := m.Options.Bool("disclose_caller")
	if disclose && s.realm.router.options.Disclosure == DiscloseNever {
		return nil, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_caller is not allowed here")
	}
	w := &wish{session: s, procedure: m.Procedure, match: match, policy: policy}
	w.discloseCaller = disclose
	w.force, _ = m.Options.Bool("force_reregister")
	forward, _ := m.Options.Bool("forward_timeout")
	w.timesOut = forward && s.features.has(calleeTimesOut)
	concurrency, _ := m.Options.Int("concurrency")
	w.concurrency = int(min(concurrency, maxConcurrency))
	return w, nil
}

// maxConcurrency is as good as no limit, and no integer is too small for it.
const maxConcurrency = 1 << 30
