package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestForbiddenAndMalformedCallsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		ann, mallory := join(t, r, "ann", ""), join(t, r, "mallory", "")
		for name, e := range map[string]struct {
			caller *client
			args   []any
			kwargs wamp.Dict
			want   wamp.URI
		}{
			"somebody":        {mallory, nil, wamp.Dict{"record": "order.42"}, wamp.ErrNotAuthorized},
			"somewhere":       {ann, nil, wamp.Dict{"record": "closed.1"}, wamp.ErrNotAuthorized},
			"nowhere":         {ann, nil, nil, wamp.ErrInvalidArgument},
			"no text":         {ann, nil, wamp.Dict{"record": 42}, wamp.ErrInvalidArgument},
			"positional":      {ann, []any{"order.42"}, nil, wamp.ErrInvalidArgument},
			"another mode":    {ann, nil, wamp.Dict{"record": "order.42", "mode": "own"}, wamp.ErrInvalidArgument},
			"a record of air": {ann, nil, wamp.Dict{"record": "order 42"}, wamp.ErrInvalidArgument},
			"a long record":   {ann, nil, wamp.Dict{"record": strings.Repeat("x", 257)}, wamp.ErrInvalidArgument},
		} {
			_, refused := e.caller.Call(presence.ProcedureEnter, e.args, e.kwargs)
			if refused == nil || refused.Error != e.want {
				t.Errorf("%s: %+v", name, refused)
			}
		}
		if _, err := ann.Session().Realm().Call(t.Context(), router.CallRequest{Procedure: presence.ProcedureEnter}); err == nil {
			t.Error("a backend is at a record")
		}
		if _, err := c.People("order 42"); err == nil {
			t.Error("a record of air was looked up")
		}
		forgotten(t, c)
		// One object does as well, for callers without keywords; the mode may be left out.
		if _, refused := ann.Call(presence.ProcedureEnter, []any{wamp.Dict{"record": "order.42"}}, nil); refused != nil {
			t.Errorf("refused: %+v", refused)
		}
		who, err := c.People("order.42")
		if err != nil || len(who.People) != 1 || who.People[0].Mode != presence.View {
			t.Errorf("there is %+v, %v", who, err)
		}
	})
}

func TestWithoutAPolicyNoSessionEnters(t *testing.T) {
	r, realm := routertest.Realm()
	end, err := presence.New(presence.Options{}).Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if _, refused := join(t, r, "ann", "").Call(presence.ProcedureEnter, nil, wamp.Dict{"record": "order.42"}); refused == nil || refused.Error != wamp.ErrNotAuthorized {
		t.Errorf("got %+v", refused)
	}
}

func TestAPageIsAtALimitedNumberOfRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		ann := join(t, r, "ann", "")
		for i := range presence.MaxRecords {
			ann.enter(fmt.Sprint("order.", i), "view")
		}
		if _, refused := ann.Call(presence.ProcedureEnter, nil, wamp.Dict{"record": "order.x"}); refused == nil || refused.Error != wamp.ErrLimitExceeded {
			t.Errorf("got %+v", refused)
		}
		ann.enter("order.0", "edit")
		ann.leave("order.1")
		ann.enter("order.x", "view")
		ann.Goodbye()
		forgotten(t, c)
	})
}

func TestACrowdIsCountedListedInPartAndPublishedAtLongerIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		crowd := make([]*client, 3*presence.MaxListed)
		for i := range crowd {
			crowd[i] = join(t, r, fmt.Sprintf("user%03d", i), "")
			crowd[i].change("order.42", "view")
		}
		pass(time.Minute)
		watcher, state := watch(t, r, "order.42")
		if people, _ := state.List("people"); len(people) != presence.MaxListed || state["count"] != int64(len(crowd)) {
			t.Errorf("%d of %v are listed", len(people), state["count"])
		}
		crowd[250].change("order.42", "edit")
		told := watcher.Events()
		if len(told) != 1 || told[0]["people"] != nil || told[0]["count"] != int64(len(crowd)) {
			t.Fatalf("told %v", told)
		}
		if diff := cmp.Diff([]any{human("user250", "edit", 1)}, told[0]["changed"]); diff != "" {
			t.Error(diff)
		}
		if who, err := c.People("order.42"); err != nil || who.People[0].ID != "user250" {
			t.Errorf("the first is %v, %v", who.People[0], err)
		}
		crowd[250].change("order.42", "view")
		pass(3 * presence.DefaultInterval)
		if told := watcher.Events(); len(told) != 0 {
			t.Errorf("told %v after a short time", told)
		}
		pass(presence.DefaultInterval)
		if told := watcher.Events(); len(told) != 1 {
			t.Errorf("told %d times after four intervals", len(told))
		}
		for _, p := range crowd {
			p.Client.Goodbye()
		}
		pass(time.Minute)
		told = watcher.Events()
		if len(told) != 1 || told[0]["count"] != int64(0) {
			t.Errorf("told %v", told)
		}
		forgotten(t, c)
	})
}

func TestASessionThatCallsTooOftenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		ann, ben := join(t, r, "ann", ""), join(t, r, "ben", "")
		calls := func(c *client, n int) (accepted int) {
			for i := range n {
				procedure := []wamp.URI{presence.ProcedureEnter, presence.ProcedureLeave, presence.ProcedureRefresh}[i%3]
				_, refused := c.Call(procedure, nil, wamp.Dict{"record": "order.42"})
				if refused == nil {
					accepted++
				} else if refused.Error != wamp.ErrLimitExceeded || !strings.Contains(string(refused.Payload.Args), "20 calls a second") {
					t.Fatalf("refused with %s %s", refused.Error, refused.Payload.Args)
				}
			}
			return accepted
		}
		if n := calls(ann, 900); n != 200 {
			t.Errorf("%d of 900 calls are accepted at once", n)
		}
		pass(time.Second)
		if n := calls(ann, 900); n != presence.DefaultRate {
			t.Errorf("%d calls are accepted after a second", n)
		}
		if n := calls(ben, 100); n != 100 {
			t.Errorf("%d calls of another session are accepted", n)
		}
		erp := &client{t: t, Client: routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})}
		if n := calls(erp, 900); n != 900 {
			t.Errorf("%d calls of a backend are accepted", n)
		}
		if s := c.Stats(); s.Refused != 900-200+900-presence.DefaultRate {
			t.Errorf("%d refusals are counted", s.Refused)
		}
		for _, p := range []*client{ann, ben, erp} {
			p.Goodbye()
		}
		if n := c.Limited(); n != 0 {
			t.Errorf("%d sessions that have left are remembered", n)
		}
	})
}
