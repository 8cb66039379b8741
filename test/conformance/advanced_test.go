package conformance_test

import (
	"context"
	"testing"

	"github.com/tidings-io/tidings/client"
)

// advanced returns the clients that pass on any option. Wampy passes on only those that it knows, and our own client has
// typed options.
func (w *world) advanced() (list []*peer) {
	for _, p := range w.version2() {
		if _, ok := p.driver.(*processClient); ok && p.client != "wampy" {
			list = append(list, p)
		}
	}
	return list
}

// ask sends a command with options to a client's process.
func (p *peer) ask(ctx context.Context, what string, parameters map[string]any) (payload, error) {
	var answer payload
	process, _ := p.driver.(*processClient) // advanced gives no others
	err := process.do(ctx, what, parameters, &answer)
	return answer, err
}

func retainedReachesLaterSubscribers(t *testing.T, w *world) {
	ctx := patient(t)
	peers := w.advanced()
	for i, p := range peers {
		if later := peers[(i+1)%len(peers)]; later.client == "nexus" {
			continue // nexus adds its handler after SUBSCRIBED, and may miss an event right behind
		}
		topic := "shared.retained." + p.user()
		later := peers[(i+1)%len(peers)]
		_, err := p.ask(ctx, "publish", map[string]any{"topic": topic, "args": []any{"kept"}, "options": map[string]any{"retain": true}})
		w.check(t, p, retained, err)
		_, err = later.ask(ctx, "subscribe", map[string]any{"topic": topic, "match": "exact", "options": map[string]any{"get_retained": true}})
		if err == nil {
			var got payload
			if got, err = next(ctx, later); err == nil {
				err = same(payload{Args: []any{"kept"}}, got)
			}
		}
		w.check(t, later, retained, err)
		w.check(t, later, retained, later.unsubscribe(ctx, topic))
	}
}

func calleesShare(t *testing.T, w *world) {
	ctx := patient(t)
	const procedure = "echo.shared.all"
	peers := w.advanced()
	for _, p := range peers {
		_, err := p.ask(ctx, "register", map[string]any{"procedure": procedure, "options": map[string]any{"invoke": "roundrobin"}})
		w.check(t, p, shared, err)
	}
	for _, p := range peers { // with as many calls as callees each callee gets one
		want := payload{Args: []any{p.String()}}
		got, err := p.call(ctx, procedure, want)
		if err == nil {
			err = same(want, got)
		}
		w.check(t, p, shared, err)
	}
	for _, p := range peers {
		w.check(t, p, shared, p.unregister(ctx, procedure))
	}
}

func callsEndInTime(t *testing.T, w *world) {
	ctx := patient(t)
	own, _ := w.peers[len(w.peers)-1].driver.(*ownClient) // ours come last
	const procedure = "echo.slow.json"
	slow, err := own.client.Register(ctx, procedure, func(ctx context.Context, _ *client.Invocation) (client.Payload, error) {
		<-ctx.Done() // the router interrupts it
		return client.Payload{}, ctx.Err()
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range w.advanced() {
		_, err := p.ask(ctx, "call", map[string]any{"procedure": procedure, "options": map[string]any{"timeout": 20}})
		w.check(t, p, timeouts, wants(err, "wamp.error.timeout"))
	}
	if err := slow.Unregister(ctx); err != nil {
		t.Error(err)
	}
}

func resultsComeInParts(t *testing.T, w *world) {
	ctx := patient(t)
	var peers []*peer
	for _, p := range w.advanced() {
		if p.client == "python" || p.client == "nexus" {
			peers = append(peers, p)
		}
	}
	for _, caller := range peers {
		for _, callee := range peers {
			parts := payload{Args: []any{"one", "two", "three"}}
			got, err := caller.ask(ctx, "call", map[string]any{"procedure": callee.procedure(), "args": parts.Args, "progress": true})
			if err == nil {
				err = same(parts, got)
			}
			if !w.check(t, caller, progress, err) {
				t.Fatalf("callee %s", callee)
			}
		}
	}
}
