package conformance_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Each test reproduces a fault of other routers, which docs/wamp.md lists.

func TestReceiversDoNotShareTheDetailsOfAnEvent(t *testing.T) {
	// Elsewhere one map was changed for the next receiver while it was still written for the last one. Details were wrong,
	// or the process crashed. The race detector watches here.
	s := startServer(t, permissive)
	const each, events = 3, 50
	var exact, patterns []*raw
	for range each {
		r := join(t, s, allRoles)
		r.send(`[32,1,{},"order.42"]`)
		r.expect(`[33,1,"*"]`)
		exact = append(exact, r)
		p := join(t, s, allRoles)
		p.send(`[32,1,{"match":"prefix"},"order"]`)
		p.expect(`[33,1,"*"]`)
		patterns = append(patterns, p)
	}
	publishers := []*raw{join(t, s, allRoles), join(t, s, allRoles)}
	for i := range events {
		publishers[0].send(`[16,%d,{"disclose_me":true},"order.42",[true]]`, i+1)
		publishers[1].send(`[16,%d,{},"order.42",[false]]`, i+1)
	}
	disclosed := map[bool]string{true: fmt.Sprintf(`,"publisher":%d,"publisher_authid":"*","publisher_authrole":"guest"`, publishers[0].id), false: ""}
	hear := func(r *raw, topic string) {
		for range 2 * events {
			message := r.receive()
			args, _ := message[4].([]any)
			who := disclosed[args[0] == true]
			want := strings.TrimPrefix(topic+who, ",")
			compare(t, `{`+want+`}`, message[3])
		}
		r.quiet()
	}
	for i := range each {
		hear(exact[i], "")
		hear(patterns[i], `"topic":"order.42"`)
	}
}

func TestResultsReachTheirCallerEvenIfAllUseOneRequestID(t *testing.T) {
	s := startServer(t, permissive)
	callee := join(t, s, allRoles)
	callee.send(`[64,1,{},"echo"]`)
	callee.expect(`[65,1,"*"]`)
	var callers []*raw
	for i := range 3 {
		caller := join(t, s, allRoles)
		caller.send(`[48,1,{},"echo",[%d]]`, i)
		// An invocation of an exact registration has neither procedure nor progress.
		callee.expect(`[68,%d,"*",{},[%d]]`, i+1, i)
		callers = append(callers, caller)
	}
	for i := len(callers) - 1; i >= 0; i-- {
		callee.send(`[70,%d,{},[%d]]`, i+1, i)
		callers[i].expect(`[50,1,{},[%d]]`, i)
	}
	for _, caller := range callers {
		caller.quiet()
	}
}

func TestInvocationIDsAreSequentialForEachCallee(t *testing.T) {
	s := startServer(t, permissive)
	caller := join(t, s, allRoles)
	for i, name := range []string{"first", "second", "third"} {
		callee := join(t, s, allRoles)
		callee.send(`[64,1,{},%q]`, name)
		callee.expect(`[65,1,"*"]`)
		for n := range 2 {
			caller.send(`[48,%d,{},%q]`, 2*i+n+1, name)
			callee.expect(`[68,%d,"*",{}]`, n+1)
		}
	}
}

func TestNoAnswerIsLostInABurst(t *testing.T) {
	// Elsewhere an answer to a full queue is dropped, and the caller waits for ever.
	s := startServer(t, permissive)
	r := join(t, s, allRoles)
	r.send(`[64,1,{},"echo"]`)
	r.expect(`[65,1,"*"]`)
	const burst = 300
	for i := range burst {
		r.send(`[32,%d,{},"burst.%d"]`, i+2, i)
	}
	for i := range burst {
		r.expect(`[33,%d,"*"]`, i+2)
	}
	r.quiet()
}

func TestSessionsCanBeEndedWhileTheyRegister(t *testing.T) {
	// Elsewhere both waited for each other, and no session could register anymore.
	s := startServer(t, permissive)
	var all sync.WaitGroup
	for i := range 8 {
		r := join(t, s, allRoles)
		all.Go(func() {
			for n := range 50 {
				r.send(`[64,%d,{},"procedure.%d.%d"]`, n+1, i, n)
			}
		})
		all.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprintf("http://%s/api/v1/sessions/%d", s.Addr(), r.id), nil)
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Authorization", "Bearer a key of at least thirty-two characters")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			for m := r.receive(); m != nil; m = r.receive() {
				if m[0] == 6.0 {
					return
				}
			}
			t.Error("ended without GOODBYE")
		})
	}
	all.Wait()
	r := join(t, s, allRoles)
	r.send(`[64,1,{},"procedure.0.0"]`)
	r.expect(`[65,1,"*"]`)
}

func TestNoClientForgesMessagesOfTheRouter(t *testing.T) {
	s := startServer(t, permissive)
	forger := join(t, s, allRoles)
	forger.send(`[16,1,{},"wamp.session.on_leave",[1]]`)
	forger.send(`[16,2,{"acknowledge":true},"wamp.session.on_leave",[1]]`)
	forger.expect(`[8,16,2,{},"wamp.error.invalid_uri","*"]`)
	for i, options := range []string{`{},"wamp.session.count"`, `{"match":"prefix"},"wamp"`, `{"match":"prefix"},""`, `{"match":"wildcard"},".session.count"`} {
		forger.send(`[64,%d,%s]`, i+3, options)
		forger.expect(`[8,64,%d,{},"wamp.error.invalid_uri","*"]`, i+3)
	}
	forger.quiet()
}

func TestMalformedOptionsAreRefusedAndNamed(t *testing.T) {
	// Elsewhere these messages are misread, or ignored silently.
	s := startServer(t, permissive)
	for _, c := range []struct{ sent, names string }{
		{`[32,1,{"match":"invalid"},"a.b"]`, "match"},
		{`[32,1,{"match":1},"a.b"]`, "match"},
		{`[16,1,{"eligible":"x"},"a.b"]`, "eligible"},
		{`[16,1,{"exclude":[true]},"a.b"]`, "exclude"},
		{`[16,1,{"acknowledge":1},"a.b"]`, "acknowledge"},
		{`[32,1,{},123]`, "Topic"},
		{`[32,1]`, "Options"},
		{`[32,0,{},"a.b"]`, "Request"},
		{`[32,1.5,{},"a.b"]`, "Request"},
		{`[32,9007199254740993,{},"a.b"]`, "Request"},
		{`[70,1,{}]`, "INVOCATION 1"},
		{`[999,1]`, "999"},
		{`[]`, "list"},
		{`{}`, "list"},
		{`no JSON`, "JSON"},
	} {
		r := join(t, s, allRoles)
		r.send("%s", c.sent)
		if message := r.violated(); !strings.Contains(message, c.names) {
			t.Errorf("%s: %q does not name %s", c.sent, message, c.names)
		}
	}
}

func TestNoSessionEndsWhatAnotherSessionHolds(t *testing.T) {
	s := startServer(t, permissive)
	holder, thief := join(t, s, allRoles), join(t, s, allRoles)
	holder.send(`[64,1,{},"mine"]`)
	registration := id(holder.expect(`[65,1,"*"]`)[2])
	holder.send(`[32,2,{},"news"]`)
	subscription := id(holder.expect(`[33,2,"*"]`)[2])
	thief.send(`[66,1,%d]`, registration)
	thief.expect(`[8,66,1,{},"wamp.error.no_such_registration","*"]`)
	thief.send(`[34,2,%d]`, subscription)
	thief.expect(`[8,34,2,{},"wamp.error.no_such_subscription","*"]`)
	thief.send(`[48,3,{},"mine"]`)
	holder.expect(`[68,1,%d,{}]`, registration)
	thief.send(`[16,4,{},"news"]`)
	holder.expect(`[36,%d,"*",{}]`, subscription)
}

func TestACancelIsNeverAnsweredByAnErrorOfItsOwn(t *testing.T) {
	// The specification has no ERROR for CANCEL. Clients in browsers close the connection if they get one.
	s := startServer(t, permissive)
	r := join(t, s, allRoles)
	for _, options := range []string{`{}`, `{"mode":"skip"}`, `{"mode":"kill"}`, `{"mode":"killnowait"}`} {
		r.send(`[49,7,%s]`, options)
	}
	r.quiet()
	r.send(`[49,7,{"mode":"nonsense"}]`)
	if message := r.violated(); !strings.Contains(message, "mode") {
		t.Errorf("%q does not name the mode", message)
	}
}

func TestUnsubscribingFromAPatternKeepsOtherSubscribers(t *testing.T) {
	s := startServer(t, permissive)
	leaver, stayer, publisher := join(t, s, allRoles), join(t, s, allRoles), join(t, s, allRoles)
	for _, match := range []string{"exact", "prefix", "wildcard"} {
		var subscription uint64
		for _, r := range []*raw{leaver, stayer} {
			r.send(`[32,1,{"match":%q},"a.b"]`, match)
			subscription = id(r.expect(`[33,1,"*"]`)[2])
		}
		leaver.send(`[34,2,%d]`, subscription)
		leaver.expect(`[35,2]`)
	}
	publisher.send(`[16,1,{"exclude_me":false},"a.b",["x"]]`)
	for range 3 { // one for each of its subscriptions, patterns with the topic
		message := stayer.receive()
		if len(message) != 5 || message[0] != 36.0 {
			t.Fatalf("got %v", message)
		}
	}
	stayer.quiet()
	leaver.quiet()
}

func TestAPublisherGetsItsOwnEventsOnlyWithExcludeMeFalse(t *testing.T) {
	s := startServer(t, permissive)
	r := join(t, s, allRoles)
	r.send(`[32,1,{},"own"]`)
	r.expect(`[33,1,"*"]`)
	r.send(`[16,2,{},"own",["not asked for"]]`)
	r.quiet()
	r.send(`[16,3,{"exclude_me":false},"own",["asked for"]]`)
	r.expect(`[36,"*","*",{},["asked for"]]`)
}

func TestAnEmptyListOfEligibleSessionsExcludesAllSessions(t *testing.T) {
	s := startServer(t, permissive)
	r, publisher := join(t, s, allRoles), join(t, s, allRoles)
	r.send(`[32,1,{},"news"]`)
	r.expect(`[33,1,"*"]`)
	publisher.send(`[16,1,{"eligible":[]},"news"]`)
	publisher.send(`[16,2,{"eligible_authid":[]},"news"]`)
	publisher.send(`[16,3,{"eligible_authrole":[]},"news"]`)
	publisher.send(`[16,4,{"eligible":[%d],"acknowledge":true},"news",["you"]]`, r.id)
	publisher.expect(`[17,4,"*"]`)
	r.expect(`[36,"*","*",{},["you"]]`)
	r.quiet()
}
