package meta_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// onlyStaff lets staff alone subscribe to topics below secret., or fails about them.
type onlyStaff struct{ failure wamp.URI }

func (a onlyStaff) Authorize(_ context.Context, r router.Request) (peer.Decision, error) {
	if r.Action == peer.Subscribe && r.URI == "secret.1" && r.Session.Identity().Role() != "staff" {
		return peer.Decision{}, wamp.Fail(a.failure, "this text names secret.1")
	}
	return peer.Decision{}, nil
}

// keeping returns a realm with the meta API that keeps the last publications of all topics.
func keeping(t *testing.T, options router.Options) (*router.Router, *router.Realm) {
	t.Helper()
	options.Journal = func(wamp.URI) publication.Journal { return journal.New(journal.Options{}) }
	options.Retention = func(wamp.URI) publication.Retention {
		return publication.Retention{Keep: publication.Keep{Last: 1000}}
	}
	r := router.New(options)
	realm := r.AddRealm("app")
	if _, err := meta.Attach(realm, meta.Options{}); err != nil {
		t.Fatal(err)
	}
	return r, realm
}

func TestGetEventsDoesNotTellWhetherASubscriptionExists(t *testing.T) {
	for _, failure := range []wamp.URI{wamp.ErrNotAuthorized, wamp.ErrAuthorizationFailed} {
		r, realm := keeping(t, router.Options{Authorizer: onlyStaff{failure}})
		staff := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}}})
		guest := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ben", Roles: []string{"guest"}}})
		staff.Subscribe("secret.1", wamp.MatchExact)
		sub, held := realm.Subscription("secret.1", wamp.MatchExact)
		if !held {
			t.Fatal("there is no subscription")
		}
		for name, kwargs := range map[string]wamp.Dict{
			"without a filter": {}, "with a filter": {"limit": 1}, "with a wrong filter": {"limit": 0},
			"with a publication": {"from_publication": 1}, "with a wrong time": {"from_time": "yesterday"},
		} {
			_, other := guest.Call("wamp.subscription.get_events", []any{sub.ID + 1}, kwargs)
			_, secret := guest.Call("wamp.subscription.get_events", []any{sub.ID}, kwargs)
			if other == nil || secret == nil || other.Error != secret.Error || len(other.Payload.Args) != len(secret.Payload.Args) {
				t.Errorf("%s: %+v for what does not exist, %+v for what is secret", name, other, secret)
			}
		}
		if _, refused := staff.Call("wamp.subscription.get_events", []any{sub.ID}, nil); refused != nil {
			t.Errorf("staff gets %+v", refused)
		}
	}
}

func TestASessionIsToldWhyItMayNotReadTheHistoryOfItsOwnSubscription(t *testing.T) {
	authorizer := &revocable{}
	r, realm := keeping(t, router.Options{Authorizer: authorizer})
	page := routertest.Join(t, r, routertest.Page{})
	page.Subscribe("a", wamp.MatchExact)
	sub, _ := realm.Subscription("a", wamp.MatchExact)
	authorizer.failing = true
	if _, refused := page.Call("wamp.subscription.get_events", []any{sub.ID}, nil); refused == nil || refused.Error != wamp.ErrAuthorizationFailed {
		t.Errorf("got %+v", refused)
	}
}

type revocable struct{ failing bool }

func (a *revocable) Authorize(_ context.Context, r router.Request) (peer.Decision, error) {
	if a.failing && r.Action == peer.Subscribe {
		return peer.Decision{}, wamp.Fail(wamp.ErrAuthorizationFailed, "try again")
	}
	return peer.Decision{}, nil
}

// The numbers are 1 for the message, then those for what is examined, what is returned, and its bytes.
func TestAQueryCountsAsMessagesByItsWork(t *testing.T) {
	getEvents := func(kwargs wamp.Dict) func(*routertest.Client) {
		return func(c *routertest.Client) { c.Call("wamp.subscription.get_events", []any{1}, kwargs) }
	}
	getRetained := func(c *routertest.Client) {
		c.Send(&wamp.Subscribe{Request: 1, Topic: "t.", Options: wamp.Dict{"match": "prefix", "get_retained": true}})
	}
	list := func(c *routertest.Client) { c.Call("wamp.subscription.list", nil, nil) }
	for name, test := range map[string]struct {
		page     routertest.Page
		query    func(*routertest.Client)
		messages int
	}{
		"a history":                 {routertest.Page{}, getEvents(nil), 1 + 3 + 30 + 37},
		"the end of a history":      {routertest.Page{}, getEvents(wamp.Dict{"limit": 5, "reverse": true}), 1},
		"retained events":           {routertest.Page{}, getRetained, 1 + 6 + 30 + 36},
		"a list":                    {routertest.Page{}, list, 1 + 3},
		"a history for the backend": {routertest.Page{Identity: &peer.Identity{ID: "erp", Backend: true}}, getEvents(nil), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, realm := keeping(t, router.Options{Limits: meter.Limits{MessageRate: 10, MessageBurst: burst}})
				holder := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "crm", Backend: true}})
				holder.Subscribe("history", wamp.MatchExact)
				for i := range 300 {
					holder.Subscribe(wamp.URI(fmt.Sprint("s.", i)), wamp.MatchExact)
					for _, topic := range []wamp.URI{"history", wamp.URI(fmt.Sprint("t.", i))} {
						if _, err := realm.Publish(router.Publication{Topic: topic, Publisher: holder.Session()}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if got := messagesOf(routertest.Join(t, r, test.page), test.query); got != test.messages {
					t.Errorf("it counts as %d messages instead of %d", got, test.messages)
				}
			})
		})
	}
}

const burst = 1000

// messagesOf returns as how many messages a query counts: so many fewer are read before the client has to wait.
func messagesOf(page *routertest.Client, query func(*routertest.Client)) int {
	time.Sleep(time.Hour) // the burst is full again
	query(page)
	began, n := time.Now(), 0
	for ; n < burst; n++ {
		if page.Publish("ignored", nil, nil); time.Since(began) > 0 {
			break
		}
	}
	page.Received()
	return burst - n
}
