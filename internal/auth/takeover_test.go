package auth_test

import (
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAChainGoesOnWithTheBrowsersAndCountersOfTheFormerOne(t *testing.T) {
	former, next := newSite(t, time.Hour, 10), newSite(t, time.Hour, 10)
	former.login(t, "mine", issue(t, former.tickets))
	next.TakeOver(former.Chain)
	if who, err := next.visit(t, "mine", methods("cookie")); err != nil || who.ID != "42" {
		t.Errorf("the browser is %+v, %v", who, err)
	}
	accepted := uint64(0)
	for _, c := range next.Stats() {
		if c.Method == auth.MethodTicket && c.Result == auth.Accepted {
			accepted = c.N
		}
	}
	if accepted != 1 {
		t.Errorf("%d logins by ticket are counted", accepted)
	}
	former.login(t, "late", issue(t, former.tickets))
	_, err := next.visit(t, "late", methods("cookie"))
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestAChainWithoutCookiesEndsLoginsByThem(t *testing.T) {
	former := newSite(t, time.Hour, 10)
	next := auth.NewChain(auth.ChainOptions{Tickets: former.tickets})
	next.TakeOver(former.Chain)
	byCookie := &peer.Identity{ID: "42", Method: "cookie", Provider: "ticket"}
	if renewed, reason := next.Renew(byCookie, former.Chain); renewed != nil || reason == "" {
		t.Errorf("it goes on as %+v", renewed)
	}
	byTicket := &peer.Identity{ID: "42", Method: "ticket", Provider: "ticket"}
	if renewed, _ := next.Renew(byTicket, former.Chain); renewed != byTicket {
		t.Errorf("a session by ticket becomes %+v", renewed)
	}
	if renewed, _ := next.Renew(byCookie, next); renewed != byCookie {
		t.Errorf("by its own chain it becomes %+v", renewed)
	}
}

func TestMoreAndFewerProcessorsHashWhatWaits(t *testing.T) {
	for _, atOnce := range []int{1, 2, 8} {
		former := auth.NewChain(auth.ChainOptions{Hashing: auth.HashOptions{AtOnce: 4}})
		auth.NewChain(auth.ChainOptions{Hashing: auth.HashOptions{AtOnce: atOnce}}).TakeOver(former)
		hashed := 0
		for range 3 {
			if err := auth.HashOf(former)(t.Context(), 4, func() { hashed++ }); err != nil {
				t.Error(err)
			}
		}
		if hashed != 3 {
			t.Errorf("with %d at once, %d were hashed", atOnce, hashed)
		}
	}
}
