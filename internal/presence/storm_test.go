package presence_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// cost is what a storm costs the watchers of a record.
type cost struct {
	events uint64
	bytes  int
	slow   uint64 // watchers that were closed
}

// storm lets watchers follow a record with so many people, runs act every 2 ms for four seconds, and counts what the
// watchers get. The watchers read each second.
func storm(t *testing.T, people int, act func(r *router.Router, i int)) cost {
	t.Helper()
	const watchers, seconds, rounds = 290, 4, 500
	_, r := open(t)
	for i := range people {
		join(t, r, fmt.Sprintf("user%03d", i), "").change("order.42", "view")
	}
	pages := make([]*client, watchers)
	for i := range pages {
		pages[i], _ = watch(t, r, "order.42")
	}
	pass(time.Minute)
	for _, page := range pages {
		page.Events()
	}
	before, bytes := r.Stats(), 0
	for second := range seconds {
		for i := range rounds {
			act(r, second*rounds+i)
			pass(2 * time.Millisecond)
		}
		bytes += drain(pages)
	}
	pass(time.Second)
	bytes += drain(pages)
	after := r.Stats()
	return cost{after.Events - before.Events, bytes, after.Closes[outbox.CloseSlow] - before.Closes[outbox.CloseSlow]}
}

// drain reads what has arrived. Pages may have been closed as slow.
func drain(pages []*client) (bytes int) {
	for _, page := range pages {
		bytes += page.Skip()
	}
	return bytes
}

// toggle switches a page between view and edit. The calls of a session that makes too many are refused.
func toggle(c *client, i int) {
	payload, err := wamp.NewPayload(nil, wamp.Dict{"record": "order.42", "mode": []string{"edit", "view"}[i%2]})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Send(&wamp.Call{Request: wamp.ID(10_000 + i), Procedure: presence.ProcedureEnter, Payload: payload})
	c.Skip()
}

func TestNoUserFloodsTheWatchersOfARecord(t *testing.T) {
	for name, test := range map[string]struct {
		people          int
		events          uint64 // of each watcher in four seconds, at most
		bytesOfEachPage int
		act             func(t *testing.T) func(r *router.Router, i int)
	}{
		"one page toggles in a small record": {people: 5, events: 18, bytesOfEachPage: 20_000, act: onePage},
		"one page toggles in a large record": {people: 80, events: 18, bytesOfEachPage: 8_000, act: onePage},
		"one page toggles in a crowd":        {people: 290, events: 6, bytesOfEachPage: 2_500, act: onePage},
		"many tabs of a user toggle":         {people: 80, events: 18, bytesOfEachPage: 8_000, act: manyTabs},
		"a page enters and leaves a record without people": {people: 0, events: 18, bytesOfEachPage: 8_000, act: func(t *testing.T) func(*router.Router, int) {
			var page *client
			return func(r *router.Router, i int) {
				if i%400 == 0 {
					page = join(t, r, "mallory-2", "")
				}
				if i%2 == 0 {
					toggle(page, i)
					return
				}
				page.Call(presence.ProcedureLeave, nil, wamp.Dict{"record": "order.42"})
			}
		}},
		"a user connects, enters and says GOODBYE": {people: 80, events: 18, bytesOfEachPage: 8_000, act: func(t *testing.T) func(*router.Router, int) {
			return func(r *router.Router, i int) {
				page := join(t, r, "mallory-2", "")
				toggle(page, i)
				page.Client.Goodbye()
			}
		}},
		"a user connects, enters and is lost": {people: 80, events: 22, bytesOfEachPage: 8_000, act: func(t *testing.T) func(*router.Router, int) {
			return func(r *router.Router, i int) {
				page := join(t, r, "mallory-2", "")
				toggle(page, i)
				page.Lose()
			}
		}},
		"a crowd arrives": {people: 0, events: 18, bytesOfEachPage: 150_000, act: func(t *testing.T) func(*router.Router, int) {
			return func(r *router.Router, i int) {
				if i < 1000 {
					toggle(join(t, r, fmt.Sprint("arrival", i), ""), 1)
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := storm(t, test.people, test.act(t))
				t.Logf("%d events, %d bytes, %d slow watchers", got.events, got.bytes, got.slow)
				if got.events == 0 || got.events > 290*test.events || got.slow > 0 {
					t.Errorf("%d events for 290 watchers, %d of them closed as slow", got.events, got.slow)
				}
				if got.bytes > 290*test.bytesOfEachPage {
					t.Errorf("%d bytes for 290 watchers", got.bytes)
				}
			})
		})
	}
}

func onePage(t *testing.T) func(*router.Router, int) {
	var page *client
	return func(r *router.Router, i int) {
		if page == nil {
			page = join(t, r, "user001", "")
		}
		toggle(page, i)
	}
}

func manyTabs(t *testing.T) func(*router.Router, int) {
	var pages []*client
	return func(r *router.Router, i int) {
		if len(pages) < 40 {
			pages = append(pages, join(t, r, "user001", fmt.Sprint("t", i)))
		}
		toggle(pages[i%len(pages)], i/len(pages))
	}
}

func TestARecordAtRestHasNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		for i := range 50 {
			join(t, r, "ann", fmt.Sprint("t", i)).change(fmt.Sprint("order.", i), "view")
		}
		if n := c.Timers(); n != 0 {
			t.Errorf("%d timers after the first change of each record", n)
		}
		ben := join(t, r, "ben", "")
		for i := range 50 {
			ben.change(fmt.Sprint("order.", i), "view")
		}
		if n := c.Timers(); n != 50 {
			t.Errorf("%d timers while 50 changes wait", n)
		}
		pass(presence.DefaultInterval)
		if n := c.Timers(); n != 0 {
			t.Errorf("%d timers after the changes were published", n)
		}
	})
}

func TestTheIntervalIsConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		end, err := presence.New(presence.Options{Policy: policy{}, Interval: 10 * time.Second}).Open(t.Context(), realm)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		watcher, _ := watch(t, r, "order.42")
		ann := join(t, r, "ann", "")
		ann.change("order.42", "view")
		ann.change("order.42", "edit")
		pass(9 * time.Second)
		heard(t, watcher, "join ann | ann view 1")
		pass(time.Second)
		heard(t, watcher, "mode ann | ann edit 1")
	})
}

// A watcher of a large record that is told of a person who comes and goes within an interval can apply that.
func TestThoseWhoComeAndGoWithinAnIntervalHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t)
		for i := range 30 {
			join(t, r, fmt.Sprintf("user%02d", i), "").change("order.42", "view")
		}
		pass(time.Second)
		ann, ben := join(t, r, "ann", ""), join(t, r, "ben", "")
		ann.change("order.42", "view") // begins the interval
		ben.change("order.42", "view")
		watcher, state := watch(t, r, "order.42")
		if state["count"] != int64(32) {
			t.Errorf("%v are there", state["count"])
		}
		ben.away("order.42")
		pass(presence.DefaultInterval)
		events := watcher.Events()
		if len(events) != 1 {
			t.Fatalf("told %v", events)
		}
		if left, _ := events[0].List("left"); len(left) != 1 || left[0] != "ben" {
			t.Errorf("told %v", events[0])
		}
	})
}
