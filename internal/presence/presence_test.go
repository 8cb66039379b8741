package presence_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// policy allows everything but "mallory", and records that begin with "closed.".
type policy struct{}

func (policy) Declares(wamp.URI) bool { return true }

func (p policy) RuleAdmits(session *router.Session, action peer.Action, uri wamp.URI) bool {
	return p.RuleAllows(session, action, uri)
}

func (policy) RuleAllows(session *router.Session, action peer.Action, uri wamp.URI) bool {
	record, entering := strings.CutPrefix(string(uri), "tidings.presence.enter.")
	return entering && action == peer.Call && session.Identity().ID != "mallory" && !strings.HasPrefix(record, "closed.")
}

func open(t testing.TB) (*presence.Component, *router.Router) {
	t.Helper()
	c, r, _ := openUntil(t)
	return c, r
}

// openUntil is open for tests that close the component themselves, too.
func openUntil(t testing.TB) (*presence.Component, *router.Router, func()) {
	t.Helper()
	r, realm := routertest.Realm()
	c := presence.New(presence.Options{Policy: policy{}})
	end, err := c.Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(end)
	t.Cleanup(end)
	return c, r, end
}

// client is a page that knows the procedures.
type client struct {
	*routertest.Client
	t testing.TB
}

func join(t testing.TB, r *router.Router, user, tab string) *client {
	t.Helper()
	return &client{t: t, Client: routertest.Join(t, r, routertest.Page{Identity: routertest.Person(user), Tab: tab})}
}

// enter waits until the change is published, in a bubble. change does not wait.
func (c *client) enter(record, mode string) wamp.Dict {
	c.t.Helper()
	defer pass(presence.DefaultInterval)
	return c.change(record, mode)
}

func (c *client) change(record, mode string) wamp.Dict {
	c.t.Helper()
	answer, refused := c.Call(presence.ProcedureEnter, nil, wamp.Dict{"record": record, "mode": mode})
	if refused != nil {
		c.t.Fatalf("enter %s: %s", record, refused.Payload.Args)
	}
	return answer
}

// leave waits until the change is published, in a bubble. away does not wait.
func (c *client) leave(record string) {
	c.t.Helper()
	c.away(record)
	pass(presence.DefaultInterval)
}

func (c *client) away(record string) {
	c.t.Helper()
	if _, refused := c.Call(presence.ProcedureLeave, nil, wamp.Dict{"record": record}); refused != nil {
		c.t.Fatalf("leave %s: %s", record, refused.Payload.Args)
	}
}

// Goodbye waits until the change is published, in a bubble.
func (c *client) Goodbye() {
	c.t.Helper()
	c.Client.Goodbye()
	pass(presence.DefaultInterval)
}

// watch opens a page that follows a record, and gives what it is told at once.
func watch(t testing.TB, r *router.Router, record string) (*client, wamp.Dict) {
	t.Helper()
	c := join(t, r, "watcher", "")
	c.Subscribe(wamp.URI(presence.TopicPrefix+record), wamp.MatchExact)
	return c, c.Event()
}

func human(id, mode string, tabs int64) wamp.Dict {
	return wamp.Dict{"id": id, "name": "Mx " + id, "mode": mode, "tabs": tabs}
}

// story summarizes the events of a watcher: the people that came and went, and the people there afterwards.
func (c *client) story() []string {
	c.t.Helper()
	told := []string{}
	for _, e := range c.Events() {
		change, _ := e.Dict("change")
		kind, _ := change.String("kind")
		if id, ok := change.String("id"); ok {
			kind += " " + id
		}
		people, _ := e.List("people")
		for _, p := range people {
			p, _ := p.(wamp.Dict)
			kind += fmt.Sprintf(" | %s %s %d", p["id"], p["mode"], p["tabs"])
		}
		told = append(told, kind)
	}
	return told
}

func heard(t testing.TB, c *client, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, c.story(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// pass lets time go by, in a bubble, and what is due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// forgotten checks that no record, person or session is left.
func forgotten(t testing.TB, c *presence.Component) {
	t.Helper()
	if s := c.Stats(); s != (presence.Stats{}) {
		t.Errorf("it still knows %+v", s)
	}
}

func TestAPageThatWatchesARecordSeesPeopleComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		watcher, first := watch(t, r, "order.42")
		want := wamp.Dict{"record": "order.42", "people": []any{}, "count": int64(0), "change": wamp.Dict{"kind": "state"}}
		ignoreRevision := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "revision" })
		if diff := cmp.Diff(want, first, ignoreRevision); diff != "" {
			t.Error(diff)
		}

		ann, ben := join(t, r, "ann", ""), join(t, r, "ben", "")
		got := ann.enter("order.42", "view")
		want = wamp.Dict{"record": "order.42", "people": []any{human("ann", "view", 1)}, "count": int64(1)}
		if diff := cmp.Diff(want, got, ignoreRevision); diff != "" {
			t.Error(diff)
		}
		events := watcher.Events()
		if len(events) != 1 {
			t.Fatalf("heard %v", events)
		}
		want["change"] = wamp.Dict{"kind": "join", "id": "ann", "name": "Mx ann", "mode": "view"}
		want["revision"] = got["revision"]
		if diff := cmp.Diff(want, events[0]); diff != "" {
			t.Error(diff)
		}

		ben.enter("order.42", "edit")
		ben.enter("order.42", "edit")
		ann.enter("order.42", "edit")
		ben.leave("order.42")
		ben.leave("order.42")
		ann.leave("order.42")
		heard(t, watcher,
			"join ben | ann view 1 | ben edit 1",
			"mode ann | ann edit 1 | ben edit 1",
			"leave ben | ann edit 1",
			"leave ann",
		)
		forgotten(t, c)
	})
}

func TestOnlyTheSubscriberGetsTheStateAndOnlyOfItsRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t)
		ann := join(t, r, "ann", "")
		ann.enter("order.42", "view")
		first, state := watch(t, r, "order.42")
		if people, _ := state.List("people"); len(people) != 1 {
			t.Errorf("told %v", state)
		}
		other, _ := watch(t, r, "order.43")
		_, _ = watch(t, r, "order.42")
		heard(t, first)
		ann.enter("order.42", "edit")
		heard(t, first, "mode ann | ann edit 1")
		heard(t, other)
	})
}

func TestManyPagesOfOneUserAreOnePerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		one, two, three := join(t, r, "ann", "t1"), join(t, r, "ann", "t2"), join(t, r, "ann", "t3")
		one.enter("order.42", "view")
		two.enter("order.42", "edit")
		three.enter("order.42", "view")
		two.leave("order.42")
		one.leave("order.42")
		three.leave("order.42")
		heard(t, watcher,
			"join ann | ann view 1",
			"mode ann | ann edit 2",
			"state | ann edit 3",
			"mode ann | ann view 2",
			"state | ann view 1",
			"leave ann",
		)
	})
}

func TestGoodbyeLeavesAtOnceAndALostConnectionAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		ann, ben, cem := join(t, r, "ann", ""), join(t, r, "ben", ""), join(t, r, "cem", "")
		for _, p := range []*client{ann, ben, cem} {
			p.enter("order.42", "view")
		}
		watcher.Events()
		ann.Goodbye()
		heard(t, watcher, "leave ann | ben view 1 | cem view 1")
		ben.Session().Kill("", "closed by an operator")
		heard(t, watcher, "leave ben | cem view 1")
		cem.Lose()
		pass(presence.DefaultGrace - time.Millisecond)
		heard(t, watcher)
		pass(2 * time.Millisecond)
		heard(t, watcher, "leave cem")
		forgotten(t, c)
	})
}

func TestAReloadDoesNotFlicker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		before := join(t, r, "ann", "t1")
		before.enter("order.42", "edit")
		watcher.Events()

		before.Lose()
		time.Sleep(time.Second)
		after := join(t, r, "ann", "t1")
		after.enter("order.42", "edit")
		pass(time.Minute)
		heard(t, watcher)

		after.Lose()
		time.Sleep(time.Second)
		last := join(t, r, "ann", "t1")
		last.enter("order.42", "view")
		heard(t, watcher, "mode ann | ann view 1")
		last.Goodbye()
		heard(t, watcher, "leave ann")
		pass(time.Minute)
		forgotten(t, c)
	})
}

func TestAReloadOfANamelessPageDoesNotComeOrGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		before := join(t, r, "ann", "")
		before.enter("order.42", "view")
		before.Lose()
		after := join(t, r, "ann", "")
		after.enter("order.42", "view")
		pass(time.Minute)
		heard(t, watcher, "join ann | ann view 1", "state | ann view 2", "state | ann view 1")
	})
}

func TestAPageWhoseTabIsStillHereIsASecondPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		page := join(t, r, "ann", "t1")
		page.enter("order.42", "view")
		duplicate := join(t, r, "ann", "t1")
		duplicate.enter("order.42", "view")
		duplicate.Goodbye()
		heard(t, watcher, "join ann | ann view 1", "state | ann view 2", "state | ann view 1")
	})
}

func TestALostPageComesBackToSomeOfItsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		orders, _ := watch(t, r, "order.42")
		customers, _ := watch(t, r, "customer.7")
		before := join(t, r, "ann", "t1")
		before.enter("order.42", "view")
		before.enter("customer.7", "view")
		before.Lose()
		after := join(t, r, "ann", "t1")
		after.enter("order.42", "view")
		pass(time.Minute)
		heard(t, orders, "join ann | ann view 1")
		heard(t, customers, "join ann | ann view 1", "leave ann")
		if s := c.Stats(); s != (presence.Stats{Records: 1, People: 1, Sessions: 1}) {
			t.Errorf("it knows %+v", s)
		}
	})
}

func TestRevisionsOfARecordGrowAcrossTimesWithoutPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		ann := join(t, r, "ann", "")
		last := int64(0)
		grow := func(step string, atLeast int64) {
			who, err := c.People("order.42")
			if err != nil || who.Revision < atLeast {
				t.Errorf("%s: %+v after %d, %v", step, who, last, err)
			}
			last = who.Revision
		}
		for range 3 {
			ann.enter("order.42", "view")
			grow("enter", last+1)
			ann.leave("order.42")
			grow("leave", last+1)
			grow("later", last)
		}
	})
}

func TestCloseEmptiesRecordsWithoutEventsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r, end := openUntil(t)
		watcher, _ := watch(t, r, "order.42")
		ann := join(t, r, "ann", "")
		ann.enter("order.42", "view")
		ann.Lose()
		watcher.Events()
		end()
		pass(time.Minute)
		heard(t, watcher)
		forgotten(t, c)
		if _, refused := join(t, r, "ben", "").Call(presence.ProcedureEnter, nil, wamp.Dict{"record": "order.42"}); refused == nil {
			t.Error("somebody entered")
		}
	})
}

func TestAProcedureThatIsTakenIsAnError(t *testing.T) {
	_, realm := routertest.Realm()
	end, err := presence.New(presence.Options{}).Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if _, err := presence.New(presence.Options{}).Open(t.Context(), realm); err == nil || !strings.Contains(err.Error(), string(presence.ProcedureEnter)) {
		t.Errorf("got %v", err)
	}
}
