package meta_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// payloadOf returns a payload that is written as JSON, in another serialization.
func payloadOf(t *testing.T, s wamp.Serialization, args, kwargs string) wamp.Payload {
	t.Helper()
	var a, k []byte
	if args != "" {
		a = []byte(args)
	}
	if kwargs != "" {
		k = []byte(kwargs)
	}
	p, err := wamp.PayloadFromJSON(a, k)
	if err == nil {
		p, err = p.In(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%x":null,`, i)
	}
	return "{" + b.String() + `"last":null}`
}

// A call of the meta API costs at most 16 times what a publication of the same length costs, whatever its arguments are.
func TestArgumentsCostLittleMoreThanTheirBytes(t *testing.T) {
	alloctest.SkipWithRace(t)
	const most = 16
	nulls := "[" + strings.Repeat(`{"":null},`, 9_999) + `{"":null}]`
	ones := "[" + strings.Repeat(`1,`, 29_999) + `1]`
	for _, e := range []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON} {
		r, _ := keeping(t, router.Options{})
		c := routertest.Join(t, r, routertest.Page{Encoding: e})
		request := wamp.ID(0)
		next := func() wamp.ID { request++; return request }
		for _, call := range []struct{ procedure, args, kwargs string }{
			{"wamp.session.count", `[` + nulls + `]`, ""},
			{"wamp.session.list", `[` + ones + `]`, ""},
			{"wamp.session.get", "", `{"x":` + nulls + `}`},
			{"wamp.session.kill", "", keys(8_000)},
			{"wamp.subscription.lookup", `["t",` + keys(8_000) + `]`, ""},
			{"wamp.subscription.get_events", "", `{"from_time":` + nulls + `}`},
			{"wamp.session.add_testament", `["t",` + nulls + `,{"k":` + nulls + `}]`, ""},
			{"wamp.session.add_testament", `["t"]`, `{"publish_options":{"eligible":` + ones + `,"x":` + nulls + `}}`},
		} {
			p := payloadOf(t, e.Serialization(), call.args, call.kwargs)
			size := len(p.Args) + len(p.Kwargs)
			ordinary := alloctest.WarmBytes(func() {
				c.Send(&wamp.Publish{Request: next(), Topic: "t", Payload: payloadOf(t, e.Serialization(), `["`+strings.Repeat("x", size)+`"]`, "")})
			})
			got := alloctest.WarmBytes(func() {
				c.Send(&wamp.Call{Request: next(), Procedure: wamp.URI(call.procedure), Payload: p})
				c.Next()
			})
			if got > most*ordinary {
				t.Errorf("%s, %s with %d bytes: %d bytes are allocated, %d for a publication", e.Subprotocol(), call.procedure, size, got, ordinary)
			}
		}
	}
}

// Asking for a kept event costs at most 16 times what it costs for another event of the same length.
func TestKeptEventsCostLittleMoreThanTheirBytes(t *testing.T) {
	alloctest.SkipWithRace(t)
	const most = 16
	asked := func(args string) int {
		r, realm := keeping(t, router.Options{})
		c := routertest.Join(t, r, routertest.Page{Encoding: wamp.V2MessagePack})
		c.Subscribe("t", wamp.MatchExact)
		sub, _ := realm.Subscription("t", wamp.MatchExact)
		c.Send(&wamp.Publish{Request: 100, Topic: "t", Payload: payloadOf(t, wamp.MessagePack, args, "")})
		return alloctest.WarmBytes(func() {
			if _, refused := c.Call("wamp.subscription.get_events", []any{sub.ID}, nil); refused != nil {
				t.Fatalf("%+v", refused)
			}
		})
	}
	for name, args := range map[string]string{
		"dicts":       `[` + strings.Repeat(`{"":null},`, 9_999) + `{"":null}]`,
		"a wide dict": `[` + keys(8_000) + `]`,
		"integers":    `[` + strings.Repeat(`1,`, 29_999) + `1]`,
	} {
		size := len(payloadOf(t, wamp.MessagePack, args, "").Args)
		ordinary := asked(`["` + strings.Repeat("x", size) + `"]`)
		if got := asked(args); got > most*ordinary {
			t.Errorf("%s: an event of %d bytes allocates %d, another one %d", name, size, got, ordinary)
		}
	}
}
