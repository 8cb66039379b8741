package meta_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

const addTestament wamp.URI = "wamp.session.add_testament"

func TestATestamentComesBeforeTheMetaEventsOfTheSessionsEnd(t *testing.T) {
	r, _ := attached(t)
	watcher := routertest.Join(t, r, routertest.Page{})
	for _, topic := range []wamp.URI{"will", "wamp.session.on_leave", "wamp.subscription.on_unsubscribe"} {
		watcher.Subscribe(topic, wamp.MatchExact) // subscriptions 1 to 3
	}
	leaver := routertest.Join(t, r, routertest.Page{})
	leaver.Subscribe("anything", wamp.MatchExact)
	if _, refused := leaver.Call(addTestament, []any{"will", []any{1}}, nil); refused != nil {
		t.Fatalf("refused: %+v", refused)
	}
	leaver.Lose()
	var order []wamp.ID
	for _, m := range watcher.Received() {
		order = append(order, m.(*wamp.Event).Subscription)
	}
	if fmt.Sprint(order) != "[1 3 2]" {
		t.Errorf("the events came for the subscriptions %v", order)
	}
}

func TestTestamentsAreBounded(t *testing.T) {
	r, _ := attached(t)
	many := routertest.Join(t, r, routertest.Page{})
	for n := range meta.MaxTestaments + 1 {
		_, refused := many.Call(addTestament, []any{"will"}, nil)
		expectRefused(t, refused, n == meta.MaxTestaments)
	}
	large := routertest.Join(t, r, routertest.Page{})
	add := func() *wamp.Error {
		_, refused := large.Call(addTestament, []any{"will", []any{strings.Repeat("x", meta.MaxTestamentBytes*2/3)}}, nil)
		return refused
	}
	expectRefused(t, add(), false)
	expectRefused(t, add(), true)
	if _, refused := large.Call("wamp.session.flush_testaments", nil, nil); refused != nil {
		t.Fatal(refused)
	}
	expectRefused(t, add(), false)
}

func expectRefused(t *testing.T, got *wamp.Error, want bool) {
	t.Helper()
	if (got != nil) != want || got != nil && got.Error != wamp.ErrLimitExceeded {
		t.Errorf("the answer is %+v", got)
	}
}

// A session may be killed while it deposits a testament: either it is refused nothing and the testament comes, or the
// testament is dropped with the session; none comes twice or stays behind.
func TestASessionThatIsKilledWhileItAddsTestaments(t *testing.T) {
	r, realm := attached(t)
	var mu sync.Mutex
	published := map[*router.Session]int{}
	if _, err := realm.Subscribe("will", wamp.MatchExact, func(e router.LocalEvent) {
		mu.Lock()
		defer mu.Unlock()
		published[e.Publisher]++
	}); err != nil {
		t.Fatal(err)
	}
	var crowd sync.WaitGroup
	for range 200 {
		c := routertest.Join(t, r, routertest.Page{})
		crowd.Go(func() { c.Session().Kill("", "") })
		crowd.Go(func() { c.Send(&wamp.Call{Request: 1, Procedure: addTestament, Payload: payload(t, "will")}) })
	}
	crowd.Wait()
	mu.Lock()
	defer mu.Unlock()
	for _, n := range published {
		if n != 1 {
			t.Errorf("a testament was published %d times", n)
		}
	}
}

func payload(t *testing.T, args ...any) wamp.Payload {
	t.Helper()
	p, err := wamp.NewPayload(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
