package conformance_test

import (
	"context"
	"errors"
	"testing"
)

var everything = payload{
	Args: []any{
		"grüße €", "", 42.0, -7.0, 0.0, 1.5, true, false, nil,
		[]any{1.0, []any{2.0, "x"}, []any{}},
		map[string]any{"deep": map[string]any{"er": nil}},
	},
	Kwargs: map[string]any{"name": "Ann", "n": 3.0},
}

// exchange publishes from one peer, and compares the events of all receivers.
func exchange(t *testing.T, w *world, e exchanged) {
	t.Helper()
	ctx := patient(t)
	sent := e.payload.sentBy(e.sender)
	if !w.check(t, e.sender, e.publish, e.sender.publish(ctx, e.topic, sent)) {
		t.FailNow()
	}
	for _, receiver := range e.receivers {
		if receiver == e.sender && !receiver.version1 {
			continue // version 1 delivers to the publisher, version 2 does not
		}
		got, err := next(ctx, receiver)
		if err == nil {
			err = same(e.arriving(sent).seenBy(receiver), got)
		}
		if !w.check(t, receiver, e.receive, err) {
			t.Fatalf("sent by %s; what follows would be out of step", e.sender)
		}
	}
}

type exchanged struct {
	topic            string
	payload          payload
	sender           *peer
	receivers        []*peer
	publish, receive feature  // the columns of the table
	arrives          *payload // if it differs from the payload
}

func (e exchanged) arriving(sent payload) payload {
	if e.arrives != nil {
		return *e.arrives
	}
	return sent
}

func subscribeAll(ctx context.Context, t *testing.T, w *world, topic string, peers []*peer) {
	t.Helper()
	together(peers, func(p *peer) { w.check(t, p, subscribe, p.subscribe(ctx, topic, "exact")) })
	if t.Failed() {
		t.FailNow()
	}
}

func unsubscribeAll(ctx context.Context, t *testing.T, w *world, topic string, peers []*peer) {
	together(peers, func(p *peer) { w.check(t, p, leaving, p.unsubscribe(ctx, topic)) })
}

func eventsReachAllOthers(t *testing.T, w *world) {
	ctx := patient(t)
	subscribeAll(ctx, t, w, "shared.events", w.peers)
	for _, sender := range w.peers {
		for _, p := range []payload{everything, {Args: []any{"one"}}, {Kwargs: map[string]any{"k": "v"}}, {}} {
			exchange(t, w, exchanged{topic: "shared.events", payload: p, sender: sender, receivers: w.peers, publish: publish, receive: subscribe})
		}
	}
	unsubscribeAll(ctx, t, w, "shared.events", w.peers)
}

func binaryStaysBinary(t *testing.T, w *world) {
	ctx := patient(t)
	bytes := payload{
		Args:   []any{map[string]any{"$binary": "AAEC/w=="}, map[string]any{"$binary": ""}},
		Kwargs: map[string]any{"deep": []any{map[string]any{"photo": map[string]any{"$binary": "iVBORw0KGgo="}}}},
	}
	subscribeAll(ctx, t, w, "shared.binary", w.peers)
	for _, sender := range w.peers {
		exchange(t, w, exchanged{topic: "shared.binary", payload: bytes, sender: sender, receivers: w.peers, publish: binary, receive: binary})
	}
	unsubscribeAll(ctx, t, w, "shared.binary", w.peers)
}

// undefinedIsNull proves that undefined, as packers of JavaScript encode it, arrives as null.
func undefinedIsNull(t *testing.T, w *world) {
	ctx := patient(t)
	subscribeAll(ctx, t, w, "shared.undefined", w.peers)
	for _, sender := range w.version2() {
		if sender.client != "wampy" {
			continue // autobahn's MessagePack refuses undefined itself, and Go has no such value
		}
		exchange(t, w, exchanged{
			topic: "shared.undefined", sender: sender, receivers: w.peers, publish: publish, receive: subscribe,
			payload: payload{Args: []any{map[string]any{"$undefined": true}}},
			arrives: &payload{Args: []any{nil}},
		})
	}
	unsubscribeAll(ctx, t, w, "shared.undefined", w.peers)
}

func integersStayExact(t *testing.T, w *world) {
	ctx := patient(t)
	big := payload{Args: []any{
		map[string]any{"$integer": "9007199254740993"},
		map[string]any{"$integer": "18446744073709551615"},
		map[string]any{"$integer": "-9223372036854775808"},
	}}
	var readers []*peer
	for _, p := range w.peers {
		if p.reads {
			readers = append(readers, p)
		}
	}
	subscribeAll(ctx, t, w, "shared.integers", readers)
	for _, sender := range w.peers {
		if sender.writes {
			exchange(t, w, exchanged{topic: "shared.integers", payload: big, sender: sender, receivers: readers, publish: integers, receive: integers})
		}
	}
	unsubscribeAll(ctx, t, w, "shared.integers", readers)
	for _, p := range w.peers {
		switch {
		case p.reads && !p.writes:
			w.part(p, integers, "reads")
		case p.writes && !p.reads:
			w.part(p, integers, "writes")
		}
	}
}

// patternsMatch keeps its subscriptions: wampy 8.0.2 forgets the options of a subscription, and cannot unsubscribe
// from a pattern.
func patternsMatch(t *testing.T, w *world) {
	ctx := patient(t)
	peers := w.version2()
	for _, p := range []struct{ match, pattern, topic string }{
		{"prefix", "shared.a", "shared.a.x"},
		{"wildcard", "shared..b", "shared.z.b"},
	} {
		together(peers, func(peer *peer) { w.check(t, peer, patterns, peer.subscribe(ctx, p.pattern, p.match)) })
		sent := payload{Args: []any{p.match}}
		exchange(t, w, exchanged{topic: p.topic, payload: sent, sender: peers[0], receivers: peers[1:], publish: publish, receive: patterns})
		exchange(t, w, exchanged{topic: p.topic, payload: sent, sender: peers[1], receivers: peers[:1], publish: publish, receive: patterns})
		drain(ctx, t, w, peers[2:])
	}
}

// drain reads the event that each of the peers has received.
func drain(ctx context.Context, t *testing.T, w *world, peers []*peer) {
	for _, p := range peers {
		_, err := next(ctx, p)
		w.check(t, p, patterns, err)
	}
}

func publishersHearThemselves(t *testing.T, w *world) {
	ctx := patient(t)
	for _, p := range w.peers {
		if p.client == "wampy" { // 8.0.2 omits exclude_me if it is false
			continue
		}
		topic := "shared.own." + p.serialization
		if !w.check(t, p, itself, p.subscribe(ctx, topic, "exact")) {
			continue
		}
		own := payload{Args: []any{"mine"}}
		w.check(t, p, itself, p.publishToAll(ctx, topic, own))
		got, err := next(ctx, p)
		if err == nil {
			err = same(own, got)
		}
		w.check(t, p, itself, err)
		w.check(t, p, itself, p.unsubscribe(ctx, topic))
	}
}

func forbiddenActionsAreRefused(t *testing.T, w *world) {
	ctx := patient(t)
	for _, p := range w.version2() { // version 1 has no answer to a publication
		for _, topic := range []string{"readonly.news", "undeclared.news"} {
			w.check(t, p, refusals, wants(p.publish(ctx, topic, everything), "wamp.error.not_authorized"))
		}
		w.check(t, p, refusals, wants(p.subscribe(ctx, "undeclared.news", "exact"), "wamp.error.not_authorized"))
	}
}

// wants returns nil if err is the error with that URI, and otherwise what happened instead.
func wants(err error, uri string) error {
	var f *failure
	switch {
	case err == nil:
		return errors.New("was allowed")
	case !errors.As(err, &f) || f.URI != uri:
		return err
	}
	return nil
}

func allLeave(t *testing.T, w *world) {
	ctx := patient(t)
	together(w.peers, func(p *peer) {
		w.check(t, p, goodbye, p.close(ctx))
		select {
		case e := <-p.events():
			w.check(t, p, subscribe, same(payload{}, e)) // one event too many
		default:
		}
	})
}
