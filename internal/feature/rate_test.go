package feature_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router/routertest"
)

func TestASessionIsHeldToItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router, _ := routertest.Realm()
		ann := routertest.Join(t, router, routertest.Page{Identity: routertest.Person("ann")})
		ben := routertest.Join(t, router, routertest.Page{Identity: routertest.Person("ben")})
		erp := routertest.Join(t, router, routertest.Page{Identity: routertest.Backend("erp")})
		rate := feature.NewRate(10, 50)
		take := func(c *routertest.Client, n int) (taken int) {
			for range 100 {
				if rate.Take(c.Session(), n) {
					taken++
				}
			}
			return taken
		}
		if n := take(ann, 1); n != 50 {
			t.Errorf("50 at once are allowed, and %d were", n)
		}
		time.Sleep(time.Second)
		if n := take(ann, 1); n != 10 {
			t.Errorf("after a second 10 are allowed, and %d were", n)
		}
		time.Sleep(time.Hour)
		if n := take(ann, 8); n != 6 {
			t.Errorf("8 are allowed 6 times at once, and were %d times", n)
		}
		if n := take(ben, 1); n != 50 {
			t.Errorf("another session was allowed %d", n)
		}
		if n := take(erp, 1000); n != 100 || rate.Len() != 2 {
			t.Errorf("a backend was allowed %d of 100, and %d sessions are remembered", n, rate.Len())
		}
		rate.Forget(ann.Session())
		ben.Lose()
		rate.Forget(ben.Session())
		if !rate.Take(ben.Session(), 1) || rate.Len() != 0 {
			t.Errorf("the last request of a session that has left was refused, or %d sessions are remembered", rate.Len())
		}
	})
}
