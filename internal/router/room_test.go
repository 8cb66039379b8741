package router_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// crowd is a router with small outboxes and clients that announce every feature of calls.
type crowd struct {
	t      testing.TB
	router *router.Router
}

func newCrowd(t testing.TB, outboxBytes int) *crowd {
	limits := meter.Limits{OutboxBytes: outboxBytes, MessageRate: 1e9, MessageBurst: 1 << 30}
	r := router.New(router.Options{Limits: limits})
	r.AddRealm("app")
	return &crowd{t: t, router: r}
}

func (w *crowd) enter(encoding wamp.Encoding) *member {
	m := &member{t: w.t, encoding: encoding}
	features := wamp.Dict{"features": wamp.Dict{
		"progressive_call_results": true, "progressive_call_invocations": true, "call_canceling": true,
	}}
	m.join(w.router, wamp.Dict{
		"publisher": wamp.Dict{}, "subscriber": wamp.Dict{}, "caller": features, "callee": features,
	})
	m.listen()
	m.heard = nil
	w.t.Cleanup(func() { m.client.Detach(outbox.CloseLost) })
	return m
}

func (w *crowd) realm() *router.Realm {
	realm, _ := w.router.Realm("app")
	return realm
}

// long returns a payload of one text.
func (w *crowd) long(bytes int) wamp.Payload {
	payload, err := wamp.NewPayload([]any{strings.Repeat("x", bytes)}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return payload
}

// take returns the messages that have arrived, and fails if the conversation is over.
func (m *member) take() []wamp.Message {
	m.t.Helper()
	m.heard = nil
	if !m.listen() {
		m.t.Fatalf("the conversation is over: %+v", m.client.Outbox().Closed())
	}
	return m.heard
}

// of returns the messages of one type.
func of[M wamp.Message](all []wamp.Message) (found []M) {
	for _, m := range all {
		if m, ok := m.(M); ok {
			found = append(found, m)
		}
	}
	return found
}

// errorsOf counts the errors of calls by their URI.
func errorsOf(all []wamp.Message) map[wamp.URI]int {
	counts := map[wamp.URI]int{}
	for _, e := range of[*wamp.Error](all) {
		counts[e.Error]++
	}
	return counts
}

var roomEncodings = map[string]wamp.Encoding{
	"json": wamp.V2JSON, "msgpack": wamp.V2MessagePack, "cbor": wamp.V2CBOR, "ubjson": wamp.V2UBJSON,
}

// Sixty calls of 1 MiB to a callee that works one of them off at a time.
func TestACalleeThatIsAskedTooMuchStaysAndItsCallersAreTold(t *testing.T) {
	for name, encoding := range roomEncodings {
		t.Run(name, func(t *testing.T) {
			w := newCrowd(t, meter.DefaultOutboxBytes)
			callee, caller := w.enter(encoding), w.enter(encoding)
			callee.say(&wamp.Register{Request: 1, Procedure: "p"})
			callee.say(&wamp.Subscribe{Request: 2, Topic: "t"})
			callee.take()
			payload := w.long(1<<20 - 200)
			for i := range 60 {
				caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p", Payload: payload})
			}
			refused := errorsOf(caller.take())
			if refused[wamp.ErrUnavailable] != 58 {
				t.Errorf("58 of 60 calls should be refused as unavailable: %v", refused)
			}
			if _, bytes := callee.client.Outbox().Len(); bytes > meter.DefaultOutboxBytes {
				t.Errorf("%d bytes wait for the callee", bytes)
			}
			// A publication has room although calls wait, and the callee is still asked.
			caller.say(&wamp.Publish{Request: 61, Topic: "t", Payload: payload})
			heard := callee.take()
			if asked, events := of[*wamp.Invocation](heard), of[*wamp.Event](heard); len(asked) != 2 || len(events) != 1 {
				t.Fatalf("the callee got %d calls and %d events", len(asked), len(events))
			}
			for i := range 2 {
				callee.say(&wamp.Yield{Request: wamp.ID(i + 1), Payload: args(t, i)})
			}
			caller.say(&wamp.Call{Request: 62, Procedure: "p"})
			if asked := of[*wamp.Invocation](callee.take()); len(asked) != 1 || asked[0].Request != 3 {
				t.Errorf("the callee got %v", asked)
			}
			if answers := of[*wamp.Result](caller.take()); len(answers) != 2 {
				t.Errorf("the caller got %d results", len(answers))
			}
			if stats := w.router.Stats(); stats.Unqueued != 58 || stats.Closes[outbox.CloseSlow] != 0 || stats.Registrations != 1 {
				t.Errorf("counted %d refusals, %d slow clients and %d registrations", stats.Unqueued, stats.Closes[outbox.CloseSlow], stats.Registrations)
			}
		})
	}
}

func TestACallWithoutRoomGoesToTheNextCallee(t *testing.T) {
	for _, policy := range []string{"first", "last", "roundrobin", "random"} {
		t.Run(policy, func(t *testing.T) {
			w := newCrowd(t, 100_000)
			caller, callees := w.enter(wamp.V2JSON), []*member{w.enter(wamp.V2JSON), w.enter(wamp.V2CBOR), w.enter(wamp.V2MessagePack)}
			for _, callee := range callees {
				callee.say(&wamp.Register{Request: 1, Procedure: "p", Options: wamp.Dict{"invoke": policy}})
				callee.take()
			}
			payload := w.long(20_000)
			for i := range 10 {
				caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p", Payload: payload})
			}
			for i, callee := range callees {
				asked := of[*wamp.Invocation](callee.take())
				if len(asked) != 2 {
					t.Errorf("callee %d got %d calls", i, len(asked))
				}
				for n, invocation := range asked {
					if list := [][]any{nil}; invocation.Payload.Decode(&list[0], nil) != nil || len(list[0]) != 1 || len(list[0][0].(string)) != 20_000 {
						t.Errorf("call %d of callee %d lost its arguments", n, i)
					}
				}
			}
			if refused := errorsOf(caller.take()); len(refused) != 1 || refused[wamp.ErrUnavailable] != 4 {
				t.Errorf("the caller got %v", refused)
			}
		})
	}
}

func TestOneCallerDoesNotKeepOthersFromACallee(t *testing.T) {
	w := newCrowd(t, 100_000)
	callee, flood := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON)
	callee.say(&wamp.Register{Request: 1, Procedure: "p"})
	callee.take()
	payload, accepted := w.long(1000), 0
	for i := range 900 {
		flood.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p", Payload: payload})
		accepted += 1 - errorsOf(flood.take())[wamp.ErrUnavailable]
	}
	if accepted < 40 || accepted > 50 {
		t.Errorf("a caller alone has room for %d calls of 1,000 bytes in 100,000", accepted)
	}
	for i := range 8 {
		other := w.enter(wamp.V2CBOR)
		other.say(&wamp.Call{Request: 1, Procedure: "p", Payload: payload})
		flood.say(&wamp.Call{Request: wamp.ID(1000 + i), Procedure: "p", Payload: payload})
		if refused := errorsOf(other.take()); len(refused) != 0 {
			t.Errorf("caller %d got %v", i, refused)
		}
	}
	if refused := errorsOf(flood.take()); refused[wamp.ErrUnavailable] != 8 {
		t.Errorf("the first caller got %v", refused)
	}
}

func TestCancelingReachesACalleeWithoutRoom(t *testing.T) {
	w := newCrowd(t, 50_000)
	callee, caller := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON)
	callee.say(&wamp.Register{Request: 1, Procedure: "p"})
	callee.take()
	for i := range 500 { // the callee has read these
		caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p"})
		callee.take()
	}
	payload := w.long(900)
	for i := range 400 {
		caller.say(&wamp.Call{Request: wamp.ID(501 + i), Procedure: "p", Payload: payload})
	}
	accepted := 400 - errorsOf(caller.take())[wamp.ErrUnavailable]
	for i := range 900 {
		caller.say(&wamp.Cancel{Request: wamp.ID(i + 1), Options: wamp.Dict{"mode": "killnowait"}})
	}
	heard := callee.take()
	if n := len(of[*wamp.Interrupt](heard)); n != 500+accepted {
		t.Errorf("the callee got %d of %d INTERRUPTs", n, 500+accepted)
	}
	if canceled := errorsOf(caller.take()); canceled[wamp.ErrCanceled] != 500+accepted {
		t.Errorf("the caller got %v", canceled)
	}
}

// A caller that calls and cancels all the time fills no more than its share.
func TestCallsThatAreCanceledStillTakeTheRoomOfTheirCaller(t *testing.T) {
	w := newCrowd(t, 100_000)
	callee, caller := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON)
	callee.say(&wamp.Register{Request: 1, Procedure: "p"})
	callee.take()
	payload := w.long(1000)
	for i := range 2000 {
		caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p", Payload: payload})
		caller.say(&wamp.Cancel{Request: wamp.ID(i + 1)})
		caller.take()
	}
	if frames, bytes := callee.client.Outbox().Len(); bytes > 60_000 || frames > 120 {
		t.Errorf("%d messages of %d bytes wait for the callee", frames, bytes)
	}
	other := w.enter(wamp.V2JSON)
	other.say(&wamp.Call{Request: 1, Procedure: "p", Payload: payload})
	if refused := errorsOf(other.take()); len(refused) != 0 {
		t.Errorf("another caller got %v", refused)
	}
	callee.take()
}

func TestAnswersWithoutRoomBecomeShortErrors(t *testing.T) {
	for name, encoding := range map[string]wamp.Encoding{
		"json": wamp.V2JSON, "msgpack": wamp.V2MessagePack, "cbor": wamp.V2CBOR, "ubjson": wamp.V2UBJSON, "v1": wamp.V1JSON,
	} {
		t.Run(name, func(t *testing.T) {
			w := newCrowd(t, 100_000)
			callee := w.enter(wamp.V2JSON)
			callee.say(&wamp.Register{Request: 1, Procedure: "p"})
			callee.take()
			var caller *member
			if encoding == wamp.V1JSON {
				caller = w.enterV1()
			} else {
				caller = w.enter(encoding)
			}
			for i := range 60 {
				if encoding == wamp.V1JSON {
					receive(t, caller.client, fmt.Appendf(nil, `[2,"%d","p"]`, i+1))
					continue
				}
				caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: "p"})
			}
			payload := w.long(10_000)
			for _, asked := range of[*wamp.Invocation](callee.take()) {
				answer := wamp.Message(&wamp.Yield{Request: asked.Request, Payload: payload})
				if asked.Request%2 == 0 {
					answer = &wamp.Error{RequestType: wamp.CodeInvocation, Request: asked.Request, Error: "app.error.no", Payload: payload}
				}
				callee.say(answer)
			}
			frames, bytes := caller.client.Outbox().Len()
			if frames != 60 || bytes > 110_000 {
				t.Errorf("%d messages of %d bytes wait for the caller", frames, bytes)
			}
			if encoding == wamp.V1JSON {
				taken := caller.client.Outbox().Take(nil, 1<<30)
				text := ""
				for _, frame := range taken.Pieces {
					text += string(frame)
				}
				if n := strings.Count(text, string(wamp.ErrLimitExceeded)); n != 51 || taken.Closed != nil {
					t.Errorf("%d short errors, closed: %v", n, taken.Closed)
				}
				return
			}
			if got := errorsOf(caller.take()); got[wamp.ErrLimitExceeded] != 51 {
				t.Errorf("the caller got %v", got)
			}
			caller.say(&wamp.Call{Request: 61, Procedure: "p"})
			callee.say(&wamp.Yield{Request: 61, Payload: payload})
			if results := of[*wamp.Result](caller.take()); len(results) != 1 {
				t.Errorf("the caller got %d results after it has read", len(results))
			}
			if stats := w.router.Stats(); stats.Unqueued != 51 || stats.Closes[outbox.CloseSlow] != 0 {
				t.Errorf("counted %d messages without room and %d slow clients", stats.Unqueued, stats.Closes[outbox.CloseSlow])
			}
		})
	}
}

// enterV1 joins a client of version 1.
func (w *crowd) enterV1() *member {
	m := &member{t: w.t, encoding: wamp.V1JSON}
	m.client = w.router.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V1JSON}})
	if err := m.client.Open(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	m.client.Outbox().Take(nil, 1<<20)
	w.t.Cleanup(func() { m.client.Detach(outbox.CloseLost) })
	return m
}

func TestResultsOfTheServerWithoutRoomBecomeShortErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newCrowd(t, 100_000)
		realm := w.realm()
		for _, concurrent := range []bool{false, true} {
			procedure := wamp.URI("server.plain")
			if concurrent {
				procedure = "server.concurrent"
			}
			handler := func(_ context.Context, invocation router.LocalInvocation) (wamp.Payload, error) {
				return w.long(10_000), nil
			}
			if _, err := realm.Register(router.LocalProcedure{Procedure: procedure, Concurrent: concurrent, Handler: handler}); err != nil {
				t.Fatal(err)
			}
			caller := w.enter(wamp.V2JSON)
			for i := range 60 {
				caller.say(&wamp.Call{Request: wamp.ID(i + 1), Procedure: procedure})
			}
			synctest.Wait()
			if got := errorsOf(caller.take()); got[wamp.ErrLimitExceeded] != 51 {
				t.Errorf("%s: the caller got %v", procedure, got)
			}
			caller.client.Detach(outbox.CloseLost)
		}
	})
}

func TestAFloodOfPartsOfAResultEndsItsCallOnly(t *testing.T) {
	w := newCrowd(t, 100_000)
	flood, callee, caller := w.enter(wamp.V2JSON), w.enter(wamp.V2CBOR), w.enter(wamp.V2JSON)
	flood.say(&wamp.Register{Request: 1, Procedure: "flood"})
	callee.say(&wamp.Register{Request: 1, Procedure: "p"})
	caller.say(&wamp.Call{Request: 1, Procedure: "flood", Options: wamp.Dict{"receive_progress": true}})
	caller.say(&wamp.Call{Request: 2, Procedure: "p", Options: wamp.Dict{"receive_progress": true}})
	flood.take()
	callee.take()
	payload := w.long(1000)
	for range 500 {
		flood.say(&wamp.Yield{Request: 1, Options: wamp.Dict{"progress": true}, Payload: payload})
	}
	if told := of[*wamp.Interrupt](flood.take()); len(told) != 1 || told[0].Request != 1 {
		t.Errorf("the callee got %v", told)
	}
	callee.say(&wamp.Yield{Request: 1, Options: wamp.Dict{"progress": true}, Payload: payload})
	callee.say(&wamp.Yield{Request: 1, Payload: w.long(20_000)})
	heard := caller.take()
	parts, failed := of[*wamp.Result](heard), of[*wamp.Error](heard)
	if len(parts) < 40 || len(parts) > 52 {
		t.Errorf("%d parts of 1,000 bytes arrived, of 500", len(parts))
	}
	if last := parts[len(parts)-1]; last.Request != 2 || len(last.Details) != 0 {
		t.Errorf("the other call ended with %v", last.Details)
	}
	if len(failed) != 1 || failed[0].Request != 1 || failed[0].Error != wamp.ErrLimitExceeded {
		t.Errorf("the caller got the errors %v", failed)
	}
}

func TestAFloodOfPartsOfArgumentsEndsItsCallOnly(t *testing.T) {
	w := newCrowd(t, 100_000)
	callee, flood, other := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON), w.enter(wamp.V2CBOR)
	callee.say(&wamp.Register{Request: 1, Procedure: "p"})
	callee.take()
	more := wamp.Dict{"progress": true}
	for range 500 {
		flood.say(&wamp.Call{Request: 1, Procedure: "p", Options: more, Payload: w.long(1000)})
	}
	other.say(&wamp.Call{Request: 1, Procedure: "p", Payload: w.long(1000)})
	heard := callee.take()
	asked, told := of[*wamp.Invocation](heard), of[*wamp.Interrupt](heard)
	if len(asked) < 40 || len(asked) > 52 || asked[len(asked)-1].Request != 2 {
		t.Errorf("the callee got %d of 501 invocations", len(asked))
	}
	if len(told) != 1 || told[0].Request != 1 {
		t.Errorf("the callee got %v", told)
	}
	failed := of[*wamp.Error](flood.take())
	if len(failed) != 1 || failed[0].Error != wamp.ErrUnavailable {
		t.Errorf("the caller got %v", failed)
	}
}

// The first arguments in parts go to the next callee whole.
func TestTheFirstPartOfArgumentsWithoutRoomGoesToTheNextCallee(t *testing.T) {
	w := newCrowd(t, 100_000)
	caller, first, second := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON), w.enter(wamp.V2JSON)
	for _, callee := range []*member{first, second} {
		callee.say(&wamp.Register{Request: 1, Procedure: "p", Options: wamp.Dict{"invoke": "first"}})
		callee.take()
	}
	caller.say(&wamp.Call{Request: 1, Procedure: "p", Payload: w.long(60_000)})
	caller.say(&wamp.Call{Request: 2, Procedure: "p", Options: wamp.Dict{"progress": true}, Payload: args(t, 1, 2, 3)})
	caller.say(&wamp.Call{Request: 3, Procedure: "p", Options: wamp.Dict{"progress": true}, Payload: w.long(30_000)})
	if asked := of[*wamp.Invocation](first.take()); len(asked) != 1 {
		t.Errorf("the first callee got %d calls", len(asked))
	}
	asked := of[*wamp.Invocation](second.take())
	if len(asked) != 2 || len(ints(t, asked[0].Payload)) != 3 {
		t.Fatalf("the second callee got %v", asked)
	}
	second.say(&wamp.Yield{Request: 1, Payload: args(t, 6)})
	if results := of[*wamp.Result](caller.take()); len(results) != 1 || results[0].Request != 2 {
		t.Errorf("the caller got %v", results)
	}
}

func TestACallOfTheServerToACalleeWithoutRoomFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newCrowd(t, 100_000)
		callee, caller := w.enter(wamp.V2JSON), w.enter(wamp.V2JSON)
		callee.say(&wamp.Register{Request: 1, Procedure: "p"})
		callee.take()
		caller.say(&wamp.Call{Request: 1, Procedure: "p", Payload: w.long(49_000)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of the bubble
		defer cancel()
		for bytes, want := range map[int]wamp.URI{60_000: wamp.ErrUnavailable, 100_000: wamp.ErrPayloadSizeExceeded} {
			_, err := w.realm().Call(ctx, router.CallRequest{Procedure: "p", Payload: w.long(bytes)})
			if err == nil || !strings.HasPrefix(err.Error(), string(want)) {
				t.Errorf("a call of %d bytes failed with %v", bytes, err)
			}
		}
		callee.take()
		callee.client.Detach(outbox.CloseLost)
	})
}
