package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestForbiddenAndMalformedCallsAreRefused(t *testing.T) {
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
}

func TestACrowdIsCountedListedInPartAndPublishedAtIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		watcher, _ := watch(t, r, "order.42")
		crowd := make([]*client, 3*presence.MaxListed)
		for i := range crowd {
			crowd[i] = join(t, r, fmt.Sprintf("user%03d", i), "")
			crowd[i].enter("order.42", "view")
		}
		if told := watcher.Events(); len(told) != presence.MaxListed {
			t.Errorf("told %d times at once", len(told))
		}
		crowd[250].enter("order.42", "edit")
		pass(time.Second)
		told := watcher.Events()
		if len(told) != 1 || told[0]["count"] != int64(len(crowd)) {
			t.Fatalf("told %d times: %v", len(told), told)
		}
		people, _ := told[0].List("people")
		if first, _ := people[0].(wamp.Dict); len(people) != presence.MaxListed || first["id"] != "user250" {
			t.Errorf("%d are listed, first %v", len(people), people[0])
		}

		for _, p := range crowd {
			p.Goodbye()
		}
		heard(t, watcher, "leave user299") // that the last person left is published at once
		pass(time.Minute)
		heard(t, watcher)
		forgotten(t, c)
	})
}
