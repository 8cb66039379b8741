package server

import (
	"log/slog"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Each subscription of each page is a visit.
func TestAVisitThatIsNotLoggedAllocatesNothing(t *testing.T) {
	alloctest.SkipWithRace(t)
	v := visits{slog.New(slog.DiscardHandler)}
	s, held := new(router.Session), wamp.Subscription{Topic: "t", Match: wamp.MatchPrefix}
	if n := testing.AllocsPerRun(100, func() {
		v.Subscribed(s, held)
		v.Unsubscribed(s, held)
	}); n != 0 {
		t.Errorf("a subscription and its end allocate %v times", n)
	}
}
