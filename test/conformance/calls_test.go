package conformance_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func callsReachAll(t *testing.T, w *world) {
	ctx := patient(t)
	callees := w.version2()
	together(callees, func(p *peer) { w.check(t, p, register, p.register(ctx, p.procedure())) })
	for _, caller := range w.peers {
		for _, callee := range callees {
			for _, p := range []payload{everything, {Args: []any{"one"}}, {}} {
				if caller.version1 {
					p = payload{Args: p.Args} // version 1 has positional arguments only
				}
				got, err := caller.call(ctx, callee.procedure(), p)
				if err == nil {
					err = same(p.seenBy(caller), got)
				}
				if !w.check(t, caller, call, err) {
					t.Fatalf("callee %s", callee)
				}
			}
		}
	}
}

func errorsKeepTheirArguments(t *testing.T, w *world) {
	ctx := patient(t)
	for _, caller := range w.version2() {
		for _, callee := range w.version2() {
			_, err := caller.call(ctx, callee.procedure(), payload{
				Args:   []any{"too late", 42.0},
				Kwargs: map[string]any{"fail": "order.error.shipped"},
			})
			var f *failure
			if errors.As(err, &f) && f.URI == "order.error.shipped" && cmp.Equal(f.Args, []any{"too late", 42.0}) {
				err = nil
			} else if err == nil {
				err = errors.New("the call succeeded")
			}
			if !w.check(t, caller, failures, err) {
				t.Fatalf("callee %s", callee)
			}
		}
	}
	for _, caller := range w.peers {
		_, err := caller.call(ctx, "echo.not.registered", payload{})
		w.check(t, caller, failures, wants(err, "wamp.error.no_such_procedure"))
	}
}

func unregisteredIsGone(t *testing.T, w *world) {
	ctx := patient(t)
	for _, p := range w.version2() {
		w.check(t, p, register, p.unregister(ctx, p.procedure()))
		_, err := p.call(ctx, p.procedure(), payload{})
		w.check(t, p, leaving, wants(err, "wamp.error.no_such_procedure"))
	}
}
