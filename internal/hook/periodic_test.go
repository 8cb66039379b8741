package hook_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// diary records publications with the seconds since it began.
type diary struct {
	*router.Realm
	began time.Time

	mu    sync.Mutex
	lines []string
}

func (d *diary) Publish(p router.Publication) (router.Receipt, error) {
	d.mu.Lock()
	d.lines = append(d.lines, fmt.Sprintf("%.0f %s %s", time.Since(d.began).Seconds(), p.Topic, p.Payload.Args))
	d.mu.Unlock()
	return d.Realm.Publish(p)
}

// since returns the recorded lines and drops them.
func (d *diary) since(t *testing.T) []string {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return lines
}

func schedules(t *testing.T) []hook.Schedule {
	return []hook.Schedule{
		{Match: func(topic string) bool { return topic == "beat" }, Topic: "beat", Every: 50 * time.Second, Payload: payload(t, `["alive"]`, "")},
		{Match: func(topic string) bool { return strings.HasPrefix(topic, "clock.") }, Every: 20 * time.Second, Payload: payload(t, `["tick"]`, "")},
	}
}

// runPeriodic runs periodic publications until stop is called.
func runPeriodic(t *testing.T, d *diary) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	p := hook.NewPeriodic(d, schedules(t))
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return func() {
		cancel()
		wg.Wait()
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other publications (-want +got):\n%s", diff)
	}
}

func TestPeriodicPublicationsComeWhileThereAreSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		d := &diary{Realm: realm, began: time.Now()}
		page := routertest.Page{Identity: ann}
		a, b := routertest.Join(t, r, page), routertest.Join(t, r, page)
		a.Subscribe("beat", wamp.MatchExact) // before Run
		defer runPeriodic(t, d)()

		time.Sleep(11 * time.Second)
		b.Subscribe("beat", wamp.MatchExact)
		b.Subscribe("clock.utc", wamp.MatchExact)
		b.Subscribe("other", wamp.MatchExact)
		time.Sleep(45 * time.Second)
		expect(t, d.since(t), `31 clock.utc ["tick"]`, `50 beat ["alive"]`, `51 clock.utc ["tick"]`)

		a.Lose() // b is still subscribed
		time.Sleep(46 * time.Second)
		expect(t, d.since(t), `71 clock.utc ["tick"]`, `91 clock.utc ["tick"]`, `100 beat ["alive"]`)

		b.Lose()
		time.Sleep(10 * time.Minute)
		expect(t, d.since(t))

		c := routertest.Join(t, r, page)
		c.Subscribe("clock.cet", wamp.MatchExact)
		time.Sleep(30 * time.Second)
		expect(t, d.since(t), `722 clock.cet ["tick"]`)
	})
}

func TestSubscriptionsByPatternCountForALiteralTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		d := &diary{Realm: realm, began: time.Now()}
		defer runPeriodic(t, d)()
		m := routertest.Join(t, r, routertest.Page{Identity: ann})
		m.Subscribe("bea", wamp.MatchPrefix)
		m.Subscribe("clock.", wamp.MatchWildcard)
		time.Sleep(60 * time.Second)
		expect(t, d.since(t), `50 beat ["alive"]`)

		m.Events()                                // read, so that the next answer is the next message
		m.Subscribe("clock.utc", wamp.MatchExact) // an exact subscription starts the clock, and the pattern receives it too
		time.Sleep(25 * time.Second)
		expect(t, d.since(t), `80 clock.utc ["tick"]`)

		m.Lose()
		time.Sleep(time.Hour)
		expect(t, d.since(t))
	})
}

func TestResubscribingDoesNotHurryPublications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		d := &diary{Realm: realm, began: time.Now()}
		defer runPeriodic(t, d)()
		for range 30 {
			m := routertest.Join(t, r, routertest.Page{Identity: ann})
			m.Subscribe("clock.utc", wamp.MatchExact)
			time.Sleep(time.Second)
			m.Lose()
		}
		expect(t, d.since(t))
	})
}

func TestManyTopicsShareOneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		d := &diary{Realm: realm, began: time.Now()}
		defer runPeriodic(t, d)()
		m := routertest.Join(t, r, routertest.Page{Identity: ann})
		for i := range 500 {
			m.Subscribe(wamp.URI(fmt.Sprintf("clock.%d", i)), wamp.MatchExact)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(16 * time.Second)
		if got := len(d.since(t)); got != 101 {
			t.Errorf("%d topics had a publication after 21 seconds", got)
		}
		time.Sleep(20 * time.Second)
		if got := len(d.since(t)); got != 500 {
			t.Errorf("%d publications in one interval", got)
		}
		subscribed := 0
		for _, s := range d.Subscriptions() {
			if s.Match == wamp.MatchExact {
				subscribed++
			}
		}
		if subscribed != 500 {
			t.Errorf("%d subscriptions", subscribed)
		}
	})
}

func TestRunWithoutSchedulesWaitsForTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := hook.NewPeriodic(router.New(router.Options{}).AddRealm("app"), nil).Run(ctx); err != nil {
		t.Error(err)
	}
}
