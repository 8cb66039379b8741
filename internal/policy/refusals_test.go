package policy_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
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
