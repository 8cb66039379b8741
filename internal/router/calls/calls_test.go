package calls_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

func callees(names ...string) *calls.Callees[string] {
	var all calls.Callees[string]
	for _, name := range names {
		all.Add(name)
	}
	return &all
}

func anyCallee(string) bool { return true }

func TestThePolicySelectsTheCallee(t *testing.T) {
	for policy, want := range map[calls.Policy]string{
		calls.InvokeSingle: "a a a a", calls.InvokeFirst: "a a a a", calls.InvokeLast: "c c c c", calls.InvokeRoundRobin: "a b c a",
	} {
		all, got := callees("a", "b", "c"), ""
		for range 4 {
			chosen, _ := all.Pick(policy, anyCallee)
			got += " " + chosen
		}
		if got != " "+want {
			t.Errorf("%s selects%s, want %s", policy, got, want)
		}
	}
	all, seen := callees("a", "b", "c"), map[string]bool{}
	for range 1000 {
		chosen, _ := all.Pick(calls.InvokeRandom, anyCallee)
		seen[chosen] = true
	}
	if len(seen) != 3 {
		t.Errorf("random selects only %v", seen)
	}
}

func TestACalleeThatDoesNotTakeTheCallIsSkipped(t *testing.T) {
	for policy, want := range map[calls.Policy]string{
		calls.InvokeFirst: "b", calls.InvokeLast: "d", calls.InvokeRoundRobin: "b",
	} {
		chosen, ok := callees("a", "b", "c", "d", "e").Pick(policy, func(c string) bool { return c == "b" || c == "d" })
		if !ok || chosen != want {
			t.Errorf("%s selects %q, %t; want %q", policy, chosen, ok, want)
		}
	}
	for policy := calls.InvokeSingle; policy <= calls.InvokeRandom; policy++ {
		asked := 0
		if _, ok := callees("a", "b").Pick(policy, func(string) bool { asked++; return false }); ok || asked != 2 {
			t.Errorf("%s: selected: %t, %d were asked", policy, ok, asked)
		}
		if _, ok := callees().Pick(policy, anyCallee); ok {
			t.Errorf("%s selects a callee of none", policy)
		}
	}
}

func TestTheTurnStaysAtItsCalleeWhenAnotherLeaves(t *testing.T) {
	all := callees("a", "b", "c")
	all.Pick(calls.InvokeRoundRobin, anyCallee)
	all.Pick(calls.InvokeRoundRobin, anyCallee) // it is the turn of c
	all.Remove("a")
	all.Remove("unknown")
	if chosen, _ := all.Pick(calls.InvokeRoundRobin, anyCallee); chosen != "c" {
		t.Errorf("it is the turn of %s", chosen)
	}
	all.Remove("c")
	if chosen, _ := all.Pick(calls.InvokeRoundRobin, anyCallee); chosen != "b" || all.Len() != 1 || !slices.Equal(slices.Collect(all.All()), []string{"b"}) {
		t.Errorf("it is the turn of %s, of %d", chosen, all.Len())
	}
}

func TestAPolicyIsReadByItsName(t *testing.T) {
	for policy := calls.InvokeSingle; policy.String() != "unknown"; policy++ {
		if got, err := calls.ParsePolicy(wamp.Dict{"invoke": policy.String()}); got != policy || err != nil {
			t.Errorf("%s: %s, %v", policy, got, err)
		}
	}
	if got, err := calls.ParsePolicy(wamp.Dict{}); got != calls.InvokeSingle || err != nil {
		t.Errorf("no policy: %s, %v", got, err)
	}
	if _, err := calls.ParsePolicy(wamp.Dict{"invoke": "all"}); err == nil {
		t.Error("an unknown policy is taken")
	}
}

func TestSlotsAreTakenUpToTheirNumber(t *testing.T) {
	var s calls.Slots
	for n, want := range []bool{true, true, false} {
		if s.Reserve(2) != want {
			t.Errorf("reservation %d of two slots: %t", n+1, !want)
		}
	}
	s.Release(2)
	if !s.Reserve(2) {
		t.Error("a slot that was returned is not free")
	}
	var free calls.Slots
	for range 100 {
		if !free.Reserve(0) {
			t.Fatal("there is a limit where none is set")
		}
		free.Release(0)
	}
}

func TestOneOfManyTakesTheClaim(t *testing.T) {
	var c calls.Claim[int]
	if !c.Assign(7, nil) {
		t.Fatal("the call is answered before it began")
	}
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if assigned, ok := c.Take(); ok {
				won.Add(1)
				if assigned != 7 {
					t.Errorf("%d works on the call", assigned)
				}
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || c.Assign(8, nil) || c.Progress(time.Second) {
		t.Errorf("%d took the claim, or the call goes on after it", won.Load())
	}
}

func TestTheTimeoutRunsFromTheFirstAssignmentAndProgressRestartsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calls.Claim[int]
		began, expired := time.Now(), time.Duration(0)
		start := func() *time.Timer {
			return time.AfterFunc(10*time.Second, func() { expired = time.Since(began) })
		}
		c.Assign(1, start)
		time.Sleep(4 * time.Second)
		c.Assign(2, start)
		time.Sleep(4 * time.Second)
		if c.Started() || !c.Progress(10*time.Second) || !c.Started() || c.Assigned() != 2 {
			t.Error("the call is in another state")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if expired != 18*time.Second {
			t.Errorf("it expired after %s", expired)
		}
	})
}

func TestAKilledCallWaitsForItsCalleeAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calls.Claim[int]
		began, ended := time.Now(), ""
		after := func(d time.Duration, what string) func() *time.Timer {
			return func() *time.Timer {
				return time.AfterFunc(d, func() { ended += what + " after " + time.Since(began).String() })
			}
		}
		takes := func(assigned int) bool { return assigned != 1 }
		c.Assign(1, after(5*time.Second, "timeout"))
		if assigned, killed := c.Kill(takes, after(time.Second, "kill")); killed || assigned != 1 || c.Killed() {
			t.Errorf("%d was killed: %t", assigned, killed)
		}
		c.Assign(2, nil)
		if assigned, killed := c.Kill(takes, after(20*time.Second, "kill")); !killed || assigned != 2 || !c.Killed() {
			t.Errorf("%d was killed: %t", assigned, killed)
		}
		if _, again := c.Kill(takes, after(time.Second, "kill again")); again || c.Assign(3, nil) || !c.Progress(time.Second) {
			t.Error("it was killed twice, assigned to another callee, or makes no progress")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if ended != "kill after 20s" {
			t.Errorf("ended by %q", ended)
		}
		if _, won := c.Take(); !won {
			t.Error("the callee of a killed call cannot answer")
		}
	})
}

func TestTheErrorOfACallNamesItsURIAndArguments(t *testing.T) {
	for want, err := range map[string]*calls.Error{
		"com.example.closed":                     {URI: "com.example.closed"},
		`wamp.error.canceled: "the caller left"`: calls.Canceled("the caller left"),
		`wamp.error.timeout: "after \"5\" s"`:    calls.Errorf(wamp.ErrTimeout, "after %q s", "5"),
	} {
		if got := err.Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestTheOptionsOfACallAreRead(t *testing.T) {
	got := calls.ParseOptions(wamp.Dict{"timeout": int64(1500), "receive_progress": true, "progress": true, "ppt_scheme": "x_app"})
	if got.Timeout != 1500*time.Millisecond || !got.ReceivesProgress || !got.SendsProgress || got.Passthru["ppt_scheme"] != "x_app" {
		t.Errorf("read %+v", got)
	}
	for ms, want := range map[int64]time.Duration{0: 0, -5: 0, 1 << 60: 365 * 24 * time.Hour} {
		if got := calls.ParseOptions(wamp.Dict{"timeout": ms}); got.Timeout != want {
			t.Errorf("a timeout of %d ms is %s, want %s", ms, got.Timeout, want)
		}
	}
	if got := calls.ParseOptions(nil); got.Passthru != nil || got.Timeout != 0 || got.SendsProgress {
		t.Errorf("no options are %+v", got)
	}
}

func TestAModeIsOneOfThree(t *testing.T) {
	for name, want := range map[string]calls.Mode{"skip": calls.Skip, "kill": calls.Kill, "killnowait": calls.KillNoWait} {
		if got, err := calls.ParseMode(wamp.Dict{"mode": name}); got != want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if got, err := calls.ParseMode(nil); got != calls.KillNoWait || err != nil {
		t.Errorf("no mode: %s, %v", got, err)
	}
	if _, err := calls.ParseMode(wamp.Dict{"mode": "abort"}); err == nil {
		t.Error("an unknown mode is taken")
	}
}

func TestAnEarlyAnswerIsKnownUntilTheLastArguments(t *testing.T) {
	var e calls.Early
	e.Note(1)
	e.Note(2)
	if !e.Take(1, false) || !e.Take(1, true) || e.Take(1, true) || !e.Take(2, false) || e.Take(3, false) {
		t.Error("a call is forgotten too early, or too late")
	}
	for request := wamp.ID(10); request < 74; request++ { // 64 calls: 2 is the oldest
		e.Note(request)
	}
	if e.Take(2, false) || !e.Take(10, false) || !e.Take(73, false) {
		t.Error("not the last 64 calls are known")
	}
}

func TestTheOptionsOfACalleeAreRead(t *testing.T) {
	got := calls.ParseCalleeOptions(wamp.Dict{"disclose_caller": true, "forward_timeout": true, "concurrency": int64(1) << 50})
	if want := (calls.CalleeOptions{DiscloseCaller: true, ForwardTimeout: true, Concurrency: 1 << 30}); got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if got := calls.ParseCalleeOptions(nil); got != (calls.CalleeOptions{}) {
		t.Errorf("no options are %+v", got)
	}
}
