package policy_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// lines collects what is logged, also by the timer of a window.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestTheLogSaysHowManyRefusalsItLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		p := policy.New(policy.Options{
			Contracts: contracts(t, shop+"log: {refusals: 5, refusals_each: 3}\n"), Keys: scopes, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		r := router.New(router.Options{Authorizer: p})
		if err := p.Open(r.AddRealm("app")); err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		session := func(id string) *router.Session {
			return routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: id}}).Session()
		}
		one, other := session("one"), session("other")
		refuse := func(s *router.Session, times int) {
			for range times {
				if _, err := p.Authorize(t.Context(), router.Request{Session: s, Action: peer.Subscribe, URI: "order.42"}); err == nil {
					t.Fatal("it is allowed")
				}
			}
		}
		count := func(text string, want int) {
			t.Helper()
			synctest.Wait()
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%s is %d times in the log, want %d:\n%s", text, got, want, log.String())
			}
		}
		refuse(one, 10)
		refuse(other, 10)
		count("request refused", 5)
		count("left_out", 0)
		time.Sleep(10 * time.Second)
		count("left_out=15", 1)
		refuse(one, 3) // another window
		time.Sleep(10 * time.Second)
		count("request refused", 8)
		count("left_out", 1) // it lacks none
	})
}

func TestARefusalWithoutAnAnswerIsALineInTheLog(t *testing.T) {
	var log lines
	p := policy.New(policy.Options{
		Contracts: contracts(t, "topics: {\"talk/{room}\": {subscribe: \"true\"}}\n"), Keys: scopes, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	r := router.New(router.Options{Authorizer: p, Limits: meter.Limits{Subscriptions: 2}})
	if err := p.Open(r.AddRealm("app")); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, c := range []struct {
		encoding      wamp.Encoding
		subscribe     func(topic string) string
		lines, router int
	}{
		{wamp.V1JSON, func(topic string) string { return fmt.Sprintf(`[5,%q]`, topic) }, 4, 2},
		{wamp.V2JSON, func(topic string) string { return fmt.Sprintf(`[32,1,{},%q]`, topic) }, 1, 0}, // told by ERROR
	} {
		log.reset()
		page := r.Attach(router.Attachment{Peer: peer.Peer{Identity: &peer.Identity{ID: "ann"}}, Format: outbox.Format{Encoding: c.encoding}})
		if err := page.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c.encoding == wamp.V2JSON {
			page.Receive(t.Context(), []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
		}
		// One that no contract allows, one that is no name, two that are allowed, and two too many.
		for _, topic := range []string{"no/such", "white space", "talk/1", "talk/2", "talk/3", "talk/4"} {
			page.Receive(t.Context(), []byte(c.subscribe(topic)))
		}
		page.Detach(outbox.CloseLost)
		if n := strings.Count(log.String(), "request refused"); n != c.lines {
			t.Errorf("%d lines, want %d:\n%s", n, c.lines, log.String())
		}
		if n := strings.Count(log.String(), "reason.step=router"); n != c.router {
			t.Errorf("%d lines of the router, want %d:\n%s", n, c.router, log.String())
		}
	}
}
