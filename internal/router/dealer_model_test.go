package router_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Compares the dealer with a model, which has the one answer of each call and the messages for each callee, in any
// order of YIELD, ERROR, CANCEL, timeouts and leaving.
func TestEveryCallGetsTheOneAnswerThatTheModelExpects(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			m := newDealerModel(t, rt)
			rt.Repeat(map[string]func(*rapid.T){
				"register":   m.register,
				"unregister": m.unregister,
				"call":       m.call,
				"progress":   m.progress,
				"answer":     m.answer,
				"refuse":     m.refuse,
				"cancel":     m.cancel,
				"wait":       m.wait,
				"leave":      m.leave,
				"":           func(*rapid.T) { m.check() },
			})
			for _, p := range m.parties {
				p.client.Detach(outbox.CloseLost)
			}
			if stats := m.router.Stats(); stats.Sessions+stats.Registrations != 0 {
				rt.Fatalf("something is left behind: %+v", stats)
			}
		})
	})
}

const (
	modelParties = 4
	modelKill    = 3 * time.Second
)

// modelProcedures are registered with the invocation policy of their name.
var modelProcedures = []wamp.URI{"single", "first", "last", "roundrobin"}

type dealerModel struct {
	t             *testing.T
	rt            *rapid.T
	router        *router.Router
	parties       [modelParties]*party
	registrations map[wamp.URI]*modelRegistration
	calls         int // the number of calls so far, which orders them
}

// modelRegistration has the callees of a procedure, the oldest first.
type modelRegistration struct {
	callees []*party
	next    int // index of the next callee, by turns
}

// party is a client and what the model expects of it.
type party struct {
	*member
	cancels       bool                   // announced call_canceling
	expected      map[wamp.ID][]outcome  // expected answers to its calls, in order
	interrupts    map[wamp.ID][]string   // expected INTERRUPTs of its invocations
	pending       map[wamp.ID]*modelCall // invocations that wait for an answer of this party
	registrations map[wamp.URI]wamp.ID
	invocations   wamp.ID
}

type outcome struct {
	uri      wamp.URI // "" means RESULT
	value    int
	progress bool
}

// modelCall is a call that is not answered.
type modelCall struct {
	order        int
	caller       *party
	call         wamp.ID
	procedure    wamp.URI
	registration *modelRegistration // at the time of the CALL: a registration that ends and begins again is another one
	callee       *party
	id           wamp.ID // of the invocation
	refused      []*party
	progress     bool
	started      bool
	killed       bool
	timeout      time.Duration
	deadline     time.Time // zero if there is none
}

func newDealerModel(t *testing.T, rt *rapid.T) *dealerModel {
	m := &dealerModel{t: t, rt: rt, registrations: map[wamp.URI]*modelRegistration{}}
	m.router = router.New(router.Options{Limits: meter.Limits{Kill: modelKill}})
	m.router.AddRealm("app")
	for _, procedure := range modelProcedures {
		m.registrations[procedure] = &modelRegistration{}
	}
	for i := range m.parties {
		m.parties[i] = m.arrive(i)
		for _, procedure := range modelProcedures {
			m.registerAs(m.parties[i], procedure)
		}
	}
	return m
}

func (m *dealerModel) arrive(i int) *party {
	p := &party{
		cancels:  i > 0,
		expected: map[wamp.ID][]outcome{}, interrupts: map[wamp.ID][]string{}, pending: map[wamp.ID]*modelCall{},
		registrations: map[wamp.URI]wamp.ID{},
	}
	callee := wamp.Dict{"progressive_call_results": true, "call_canceling": p.cancels}
	p.member = enterWith(m.t, m.router, wamp.Dict{"caller": wamp.Dict{}, "callee": wamp.Dict{"features": callee}})
	p.listen()
	p.heard = nil
	return p
}

func (m *dealerModel) anyParty(rt *rapid.T) *party {
	return rapid.SampledFrom(m.parties[:]).Draw(rt, "party")
}

func (m *dealerModel) register(rt *rapid.T) {
	m.registerAs(m.anyParty(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure"))
}

func (m *dealerModel) registerAs(p *party, procedure wamp.URI) {
	p.say(&wamp.Register{Request: p.next.Next(), Options: wamp.Dict{"invoke": string(procedure)}, Procedure: procedure})
	s := m.registrations[procedure]
	if procedure != "single" && !slices.Contains(s.callees, p) || len(s.callees) == 0 {
		s.callees = append(s.callees, p)
	}
	p.listen()
	for _, message := range p.heard {
		if registered, ok := message.(*wamp.Registered); ok {
			p.registrations[procedure] = registered.Registration
		}
	}
}

func (m *dealerModel) unregister(rt *rapid.T) {
	p, procedure := m.anyParty(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure")
	if !slices.Contains(m.registrations[procedure].callees, p) {
		return
	}
	p.say(&wamp.Unregister{Request: p.next.Next(), Registration: p.registrations[procedure]})
	m.remove(p, procedure)
}

func (m *dealerModel) remove(p *party, procedure wamp.URI) {
	s := m.registrations[procedure]
	i := slices.Index(s.callees, p)
	if i < 0 {
		return
	}
	s.callees = slices.Delete(s.callees, i, i+1)
	if i < s.next {
		s.next--
	}
	if len(s.callees) == 0 {
		m.registrations[procedure] = &modelRegistration{}
	}
}

// pick returns the next callee, or nil if all have refused.
func (s *modelRegistration) pick(procedure wamp.URI, refused []*party) *party {
	for i := range s.callees {
		at := i
		switch procedure {
		case "last":
			at = len(s.callees) - 1 - i
		case "roundrobin":
			at = (s.next + i) % len(s.callees)
		}
		if !slices.Contains(refused, s.callees[at]) {
			if procedure == "roundrobin" {
				s.next = at + 1
			}
			return s.callees[at]
		}
	}
	return nil
}

func (m *dealerModel) call(rt *rapid.T) {
	p, procedure := m.anyParty(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure")
	m.calls++
	q := &modelCall{
		order: m.calls, caller: p, call: p.next.Next(), procedure: procedure, registration: m.registrations[procedure],
		progress: rapid.Bool().Draw(rt, "progress"),
		timeout:  time.Duration(rapid.IntRange(0, 3).Draw(rt, "timeout")) * time.Second,
	}
	options := wamp.Dict{"receive_progress": q.progress, "timeout": q.timeout.Milliseconds()}
	p.say(&wamp.Call{Request: q.call, Options: options, Procedure: procedure})
	if q.timeout > 0 {
		q.deadline = time.Now().Add(q.timeout)
	}
	m.invoke(q)
}

// invoke expects an INVOCATION of the next callee.
func (m *dealerModel) invoke(q *modelCall) {
	callee := q.registration.pick(q.procedure, q.refused)
	switch {
	case callee == nil && len(q.refused) == 0:
		m.settle(q, outcome{uri: wamp.ErrNoSuchProcedure})
	case callee == nil:
		m.settle(q, outcome{uri: wamp.ErrNoAvailableCallee})
	default:
		callee.invocations++
		q.callee, q.id = callee, callee.invocations
		callee.pending[q.id] = q
	}
}

// settle expects the answer o, and none after it.
func (m *dealerModel) settle(q *modelCall, o outcome) {
	if q.callee != nil {
		delete(q.callee.pending, q.id)
	}
	if m.here(q.caller) {
		q.caller.expected[q.call] = append(q.caller.expected[q.call], o)
	}
}

func (m *dealerModel) here(p *party) bool { return slices.Contains(m.parties[:], p) }

// someInvocation returns an invocation that was sent before. In most cases it waits for its answer; the call is nil if
// it is settled already.
func (m *dealerModel) someInvocation(rt *rapid.T) (*party, wamp.ID, *modelCall) {
	if open := m.open(); len(open) > 0 && rapid.IntRange(0, 3).Draw(rt, "stray") > 0 {
		q := rapid.SampledFrom(open).Draw(rt, "open")
		return q.callee, q.id, q
	}
	p := m.anyParty(rt)
	if p.invocations == 0 {
		return nil, 0, nil
	}
	id := wamp.ID(rapid.Uint64Range(1, uint64(p.invocations)).Draw(rt, "invocation"))
	return p, id, p.pending[id]
}

func (m *dealerModel) progress(rt *rapid.T) {
	p, id, q := m.someInvocation(rt)
	if p == nil {
		return
	}
	p.say(&wamp.Yield{Request: id, Options: wamp.Dict{"progress": true}, Payload: args(m.t, int(id))})
	if q == nil || !q.progress {
		return
	}
	q.started = true
	q.caller.expected[q.call] = append(q.caller.expected[q.call], outcome{value: int(id), progress: true})
	if q.timeout > 0 && !q.killed {
		q.deadline = time.Now().Add(q.timeout)
	}
}

// answer answers an invocation, which may be settled already.
func (m *dealerModel) answer(rt *rapid.T) {
	p, id, q := m.someInvocation(rt)
	if p == nil {
		return
	}
	said := outcome{value: int(id)}
	if rapid.Bool().Draw(rt, "fails") {
		said.uri = "app.error"
		p.say(&wamp.Error{RequestType: wamp.CodeInvocation, Request: id, Error: said.uri, Payload: args(m.t, said.value)})
	} else {
		p.say(&wamp.Yield{Request: id, Payload: args(m.t, said.value)})
	}
	if q != nil {
		m.settle(q, said)
	}
}

// refuse answers that the callee is not available.
func (m *dealerModel) refuse(rt *rapid.T) {
	p, id, q := m.someInvocation(rt)
	if p == nil {
		return
	}
	p.say(&wamp.Error{RequestType: wamp.CodeInvocation, Request: id, Error: wamp.ErrUnavailable})
	switch {
	case q == nil:
	case q.killed:
		m.settle(q, outcome{uri: wamp.ErrUnavailable})
	case q.started, q.procedure == "single":
		m.settle(q, outcome{uri: wamp.ErrNoAvailableCallee})
	default:
		delete(p.pending, id)
		q.refused = append(q.refused, p)
		m.invoke(q)
	}
}

// open returns the calls that are not answered, in the order of CALL.
func (m *dealerModel) open() []*modelCall {
	var all []*modelCall
	for _, p := range m.parties {
		all = slices.AppendSeq(all, maps.Values(p.pending))
	}
	slices.SortFunc(all, func(a, b *modelCall) int { return a.order - b.order })
	return all
}

func (m *dealerModel) cancel(rt *rapid.T) {
	open := m.open()
	if len(open) == 0 {
		return
	}
	q, mode := rapid.SampledFrom(open).Draw(rt, "call"), rapid.SampledFrom([]string{"skip", "kill", "killnowait"}).Draw(rt, "mode")
	q.caller.say(&wamp.Cancel{Request: q.call, Options: wamp.Dict{"mode": mode}})
	if mode == "kill" && q.callee.cancels {
		if !q.killed {
			q.callee.interrupts[q.id] = append(q.callee.interrupts[q.id], mode)
			q.killed, q.deadline = true, time.Now().Add(modelKill)
		}
		return
	}
	if mode == "killnowait" {
		m.interrupt(q)
	}
	m.settle(q, outcome{uri: wamp.ErrCanceled})
}

// interrupt expects an INTERRUPT of the callee.
func (m *dealerModel) interrupt(q *modelCall) {
	if q.callee.cancels {
		q.callee.interrupts[q.id] = append(q.callee.interrupts[q.id], "killnowait")
	}
}

func (m *dealerModel) wait(rt *rapid.T) {
	// Never to the exact end of a timeout: the order of events at the same time is not defined.
	time.Sleep(time.Duration(rapid.IntRange(1, 4).Draw(rt, "quarters"))*250*time.Millisecond + time.Millisecond)
	synctest.Wait()
	for _, q := range m.open() {
		switch {
		case q.deadline.IsZero() || q.deadline.After(time.Now()):
		case q.killed:
			m.settle(q, outcome{uri: wamp.ErrCanceled})
		default:
			m.interrupt(q)
			m.settle(q, outcome{uri: wamp.ErrTimeout})
		}
	}
}

func (m *dealerModel) leave(rt *rapid.T) {
	i := rapid.IntRange(0, modelParties-1).Draw(rt, "party")
	p := m.parties[i]
	p.client.Detach(outbox.CloseLost)
	open := m.open()
	for _, procedure := range modelProcedures {
		m.remove(p, procedure)
	}
	m.parties[i] = m.arrive(i)
	for _, q := range open {
		switch {
		case q.caller == p && q.callee != p:
			m.interrupt(q)
			m.settle(q, outcome{})
		case q.callee == p:
			m.settle(q, outcome{uri: wamp.ErrCanceled})
		}
	}
}

// check compares the messages of all clients with those that the model expects.
func (m *dealerModel) check() {
	for i, p := range m.parties {
		if !p.listen() {
			m.rt.Fatalf("the conversation ended")
		}
		for _, message := range p.heard {
			m.hear(p, message)
		}
		p.heard = nil
		if len(p.expected)+len(p.interrupts) > 0 {
			m.rt.Fatalf("party %d has not got the answers %v and the interrupts %v", i, p.expected, p.interrupts)
		}
	}
}

func (m *dealerModel) hear(p *party, message wamp.Message) {
	switch heard := message.(type) {
	case *wamp.Result:
		progress, _ := heard.Details.Bool("progress")
		expect(m.rt, p.expected, heard.Request, outcome{value: ints(m.t, heard.Payload)[0], progress: progress})
	case *wamp.Error:
		if heard.RequestType == wamp.CodeCall {
			expect(m.rt, p.expected, heard.Request, m.outcomeOf(heard))
		}
	case *wamp.Interrupt:
		mode, _ := heard.Options.String("mode")
		expect(m.rt, p.interrupts, heard.Request, mode)
	}
}

// expect removes the next expected value of an id, and fails if it differs from got.
func expect[T comparable](rt *rapid.T, all map[wamp.ID][]T, id wamp.ID, got T) {
	if len(all[id]) == 0 || all[id][0] != got {
		rt.Fatalf("got %s for %d; expected: %v", fmt.Sprint(got), id, all[id])
	}
	if all[id] = all[id][1:]; len(all[id]) == 0 {
		delete(all, id)
	}
}

func (m *dealerModel) outcomeOf(e *wamp.Error) outcome {
	if e.Error != "app.error" {
		return outcome{uri: e.Error}
	}
	return outcome{uri: e.Error, value: ints(m.t, e.Payload)[0]}
}
