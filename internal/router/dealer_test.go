package router_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The dealer against a model that knows for each call what its one answer has to be.
func TestEveryCallGetsTheOneAnswerThatTheModelExpects(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newDealerModel(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"register":   m.register,
			"unregister": m.unregister,
			"call":       m.call,
			"answer":     m.answer,
			"leave":      m.leave,
			"":           func(*rapid.T) { m.check() },
		})
		for _, p := range m.parties {
			p.client.Gone(router.CloseLost)
		}
		if stats := m.router.Stats(); stats.Sessions+stats.Registrations != 0 {
			rt.Fatalf("something is left behind: %+v", stats)
		}
	})
}

const modelParties = 3

var modelProcedures = []wamp.URI{"p", "q"}

type dealerModel struct {
	t       *testing.T
	router  *router.Router
	parties [modelParties]*party
	callees map[wamp.URI]*party
	rt      *rapid.T
}

// party is a client and what the model knows of it.
type party struct {
	*member
	expected      map[wamp.ID]outcome  // calls that must have been answered by now, and how
	pending       map[wamp.ID]bool     // calls that must not
	asked         map[wamp.ID]question // invocations that wait for this party
	registrations map[wamp.URI]wamp.ID
	invocations   wamp.ID
}

type outcome struct {
	uri   wamp.URI // "": a RESULT
	value int
}

type question struct {
	caller *party
	call   wamp.ID
}

func newDealerModel(t *testing.T, rt *rapid.T) *dealerModel {
	m := &dealerModel{t: t, rt: rt, callees: map[wamp.URI]*party{}}
	m.router = router.New(router.Options{})
	m.router.AddRealm("app")
	for i := range m.parties {
		m.parties[i] = m.arrive()
	}
	return m
}

func (m *dealerModel) arrive() *party {
	p := &party{
		member:   enter(m.t, m.router, wamp.V2JSON),
		expected: map[wamp.ID]outcome{}, pending: map[wamp.ID]bool{}, asked: map[wamp.ID]question{},
		registrations: map[wamp.URI]wamp.ID{},
	}
	p.listen()
	p.heard = nil
	return p
}

func (m *dealerModel) some(rt *rapid.T) *party {
	return rapid.SampledFrom(m.parties[:]).Draw(rt, "party")
}

func (m *dealerModel) register(rt *rapid.T) {
	p, procedure := m.some(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure")
	p.say(&wamp.Register{Request: p.next.Next(), Procedure: procedure})
	if m.callees[procedure] == nil {
		m.callees[procedure] = p
	}
	p.listen()
	for _, message := range p.heard {
		if registered, ok := message.(*wamp.Registered); ok {
			p.registrations[procedure] = registered.Registration
		}
	}
}

func (m *dealerModel) unregister(rt *rapid.T) {
	p, procedure := m.some(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure")
	if m.callees[procedure] != p {
		return
	}
	p.say(&wamp.Unregister{Request: p.next.Next(), Registration: p.registrations[procedure]})
	delete(m.callees, procedure)
}

func (m *dealerModel) call(rt *rapid.T) {
	p, procedure := m.some(rt), rapid.SampledFrom(modelProcedures).Draw(rt, "procedure")
	id := p.next.Next()
	p.say(&wamp.Call{Request: id, Procedure: procedure})
	callee := m.callees[procedure]
	if callee == nil {
		p.expected[id] = outcome{uri: wamp.ErrNoSuchProcedure}
		return
	}
	p.pending[id] = true
	callee.invocations++
	callee.asked[callee.invocations] = question{p, id}
}

// answer answers an invocation, sometimes one that needs no answer any more.
func (m *dealerModel) answer(rt *rapid.T) {
	p := m.some(rt)
	if p.invocations == 0 {
		return
	}
	id := rapid.Uint64Range(1, uint64(p.invocations)).Draw(rt, "invocation")
	q, waiting := p.asked[wamp.ID(id)]
	delete(p.asked, wamp.ID(id))
	said := outcome{value: int(id)}
	if rapid.Bool().Draw(rt, "fails") {
		said = outcome{uri: "app.error", value: int(id)}
		p.say(&wamp.Error{RequestType: wamp.CodeInvocation, Request: wamp.ID(id), Error: said.uri, Payload: args(m.t, said.value)})
	} else {
		p.say(&wamp.Yield{Request: wamp.ID(id), Payload: args(m.t, said.value)})
	}
	if waiting {
		q.caller.expect(q.call, said)
	}
}

func (p *party) expect(id wamp.ID, o outcome) {
	delete(p.pending, id)
	p.expected[id] = o
}

func (m *dealerModel) leave(rt *rapid.T) {
	i := rapid.IntRange(0, modelParties-1).Draw(rt, "party")
	p := m.parties[i]
	p.client.Gone(router.CloseLost)
	for _, q := range p.asked {
		if q.caller != p {
			q.caller.expect(q.call, outcome{uri: wamp.ErrCanceled})
		}
	}
	for _, other := range m.parties {
		for id, q := range other.asked {
			if q.caller == p {
				delete(other.asked, id)
			}
		}
	}
	for procedure, callee := range m.callees {
		if callee == p {
			delete(m.callees, procedure)
		}
	}
	m.parties[i] = m.arrive()
}

// check compares what everybody has heard with what the model expects.
func (m *dealerModel) check() {
	for _, p := range m.parties {
		if !p.listen() {
			m.rt.Fatalf("the conversation ended")
		}
		for _, message := range p.heard {
			switch answer := message.(type) {
			case *wamp.Result:
				m.answered(p, answer.Request, outcome{value: ints(m.t, answer.Payload)[0]})
			case *wamp.Error:
				if answer.RequestType == wamp.CodeCall {
					m.answered(p, answer.Request, m.outcomeOf(answer))
				}
			}
		}
		p.heard = nil
		if len(p.expected) > 0 {
			m.rt.Fatalf("calls without an answer: %v", p.expected)
		}
	}
}

func (m *dealerModel) outcomeOf(e *wamp.Error) outcome {
	if e.Error != "app.error" {
		return outcome{uri: e.Error}
	}
	return outcome{uri: e.Error, value: ints(m.t, e.Payload)[0]}
}

func (m *dealerModel) answered(p *party, id wamp.ID, got outcome) {
	want, ok := p.expected[id]
	if !ok || got != want {
		m.rt.Fatalf("call %d was answered with %+v; expected: %v, %+v", id, got, ok, want)
	}
	delete(p.expected, id)
}

// Callees answer, are killed and come back while callers call: each call is answered once.
func TestCallsAreAnsweredOnceWhileCalleesComeAndGo(t *testing.T) {
	const callers, calls = 4, 300
	r := router.New(router.Options{Limits: router.Limits{MessageBurst: 1 << 30}})
	realm := r.AddRealm("app")
	var calling, answering sync.WaitGroup
	var done atomic.Bool
	for range 2 {
		answering.Go(func() {
			for !done.Load() {
				serveForAWhile(t, r)
			}
		})
	}
	for range callers {
		calling.Go(func() { callMany(t, r, calls) })
	}
	calling.Go(func() {
		for range calls {
			callFromInside(t, realm)
		}
	})
	calling.Wait()
	done.Store(true)
	answering.Wait()
	if stats := r.Stats(); stats.Sessions+stats.Registrations != 0 {
		t.Errorf("something is left behind: %+v", stats)
	}
}

// serveForAWhile answers some invocations, and then leaves in the middle of others.
func serveForAWhile(t *testing.T, r *router.Router) {
	wake := make(chan struct{}, 1)
	m := &member{t: t, encoding: wamp.V2JSON}
	m.client = r.Attach(router.Attachment{
		Format: router.Format{Encoding: wamp.V2JSON},
		Wake: func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		},
	})
	m.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"callee": wamp.Dict{}}}})
	m.say(&wamp.Register{Request: 1, Procedure: "p"})
	killer := time.AfterFunc(time.Duration(rand.IntN(3))*time.Millisecond, func() { m.client.Session().Kill("", "at random") })
	defer killer.Stop()
	for range wake {
		here := m.listen()
		for _, message := range m.heard {
			if i, ok := message.(*wamp.Invocation); ok {
				m.say(&wamp.Yield{Request: i.Request, Payload: i.Payload})
			}
		}
		m.heard = nil
		if !here {
			break
		}
	}
	m.client.Gone(router.CloseLost)
}

func callMany(t *testing.T, r *router.Router, calls int) {
	m := enter(t, r, wamp.V2JSON)
	for n := range calls {
		m.say(&wamp.Call{Request: m.next.Next(), Procedure: "p", Payload: args(t, n)})
	}
	answers := map[wamp.ID]int{}
	for len(answers) < calls { // callees go on answering or leave, so this ends
		m.listen()
		for _, message := range m.heard {
			switch answer := message.(type) {
			case *wamp.Result:
				answers[answer.Request]++
				if got := ints(t, answer.Payload)[0]; got != int(answer.Request)-1 {
					t.Errorf("call %d got the answer of %d", answer.Request, got+1)
				}
			case *wamp.Error:
				answers[answer.Request]++
			}
		}
		m.heard = nil
		runtime.Gosched() // lets the callees run
	}
	m.client.Gone(router.CloseLost)
	m.listen()
	for id, n := range answers {
		if n != 1 {
			t.Errorf("call %d was answered %d times", id, n)
		}
	}
}

func callFromInside(t *testing.T, realm *router.Realm) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(200))*time.Microsecond)
	defer cancel()
	_, err := realm.Call(ctx, router.CallRequest{Procedure: "p"})
	var known *router.CallError
	var refused *wamp.Failure
	if err != nil && !errors.As(err, &known) && !errors.As(err, &refused) {
		t.Errorf("call from inside: %v", err)
	}
}
