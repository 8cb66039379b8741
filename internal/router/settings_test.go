package router_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// logins is an Authenticator that gives each client a user, and knows its successors by their roles.
type logins struct {
	roles map[string]string // by user; a user without a role is gone
	wait  func()
}

func (l *logins) Authenticate(_ context.Context, r peer.AuthRequest) (peer.AuthResult, error) {
	user := r.Peer.Identity.ID
	identity := &peer.Identity{ID: user, Roles: []string{l.roles[user]}}
	if l.wait != nil {
		l.wait()
	}
	return peer.AuthResult{Identity: identity}, nil
}

func (l *logins) Renew(identity *peer.Identity, _ peer.Authenticator) (*peer.Identity, string) {
	switch role, ok := l.roles[identity.ID]; {
	case !ok:
		return nil, "there is no such user any more"
	case role != identity.Role():
		renewed := *identity
		renewed.Roles = []string{role}
		return &renewed, ""
	}
	return identity, ""
}

func joinAs(t *testing.T, r *router.Router, user string) *routertest.Client {
	t.Helper()
	return routertest.Join(t, r, routertest.Page{Identity: routertest.Person(user)})
}

func TestAnotherAuthenticatorRenewsOrEndsSessions(t *testing.T) {
	r := router.New(router.Options{Authenticator: &logins{roles: map[string]string{"ann": "staff", "ben": "staff", "eve": "staff"}}})
	realm := r.AddRealm("app")
	ann, ben, eve := joinAs(t, r, "ann"), joinAs(t, r, "ben"), joinAs(t, r, "eve")
	same := ann.Session().Identity()
	ended := r.Change(t.Context(), router.Settings{Authenticator: &logins{roles: map[string]string{"ann": "staff", "ben": "guest"}}})
	if ended != 1 || len(realm.Sessions()) != 2 {
		t.Errorf("%d sessions were ended, %d are left", ended, len(realm.Sessions()))
	}
	if ann.Session().Identity() != same || ben.Session().Identity().Role() != "guest" {
		t.Errorf("ann is %+v, ben is %+v", ann.Session().Identity(), ben.Session().Identity())
	}
	goodbye, ok := eve.Next().(*wamp.Goodbye)
	if text, _ := goodbye.Details.String("message"); !ok || goodbye.Reason != wamp.CloseIdentityExpired || text != "there is no such user any more" {
		t.Errorf("eve got %+v", goodbye)
	}
}

func TestASessionThatIsBeingOpenedDuringAChangeIsRenewedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		former := &logins{roles: map[string]string{"ann": "staff", "eve": "staff"}}
		r := router.New(router.Options{Authenticator: former})
		realm := r.AddRealm("app")
		former.wait = func() {
			former.wait = nil
			r.Change(t.Context(), router.Settings{Authenticator: &logins{roles: map[string]string{"ann": "guest"}}})
		}
		ann := joinAs(t, r, "ann")
		if role := ann.Session().Identity().Role(); role != "guest" {
			t.Errorf("ann has the role %q", role)
		}
		former.wait = func() {
			former.wait = nil
			r.Change(t.Context(), router.Settings{Authenticator: &logins{roles: map[string]string{"ann": "guest"}}})
		}
		r.Change(t.Context(), router.Settings{Authenticator: former})
		eve := joinAs(t, r, "eve")
		if _, ended := eve.Next().(*wamp.Goodbye); !ended {
			t.Error("eve is still there")
		}
		if sessions := realm.Sessions(); len(sessions) != 1 {
			t.Errorf("%d sessions", len(sessions))
		}
	})
}

func TestChangedLimitsHoldForSessionsThatAreThere(t *testing.T) {
	r := router.New(router.Options{Limits: meter.Limits{Subscriptions: 2}})
	r.AddRealm("app")
	c := joinAs(t, r, "ann")
	c.Subscribe("a", wamp.MatchExact)
	r.Change(t.Context(), router.Settings{Limits: meter.Limits{Subscriptions: 1}})
	c.Send(&wamp.Subscribe{Request: 9, Topic: "b"})
	if refusal, ok := c.Next().(*wamp.Error); !ok || refusal.Error != wamp.ErrLimitExceeded {
		t.Errorf("got %+v", refusal)
	}
	if r.Settings().Limits.Registrations != meter.DefaultRegistrations {
		t.Error("a limit that is not given has no default")
	}
}

func TestTrustLevelsAreAnnouncedWhileThereAreSome(t *testing.T) {
	r := router.New(router.Options{})
	r.AddRealm("app")
	for _, levels := range []map[string]int{nil, {"staff": 1}, nil} {
		r.Change(t.Context(), router.Settings{TrustLevels: levels})
		m := enter(t, r, wamp.V2JSON)
		m.listen()
		welcome, ok := m.heard[0].(*wamp.Welcome)
		if !ok {
			t.Fatalf("got %+v", m.heard[0])
		}
		roles, _ := welcome.Details.Dict("roles")
		for role, feature := range map[string]string{"broker": "publication_trustlevels", "dealer": "call_trustlevels"} {
			of, _ := roles.Dict(role)
			features, _ := of.Dict("features")
			if on, _ := features.Bool(feature); on != (levels != nil) {
				t.Errorf("with the levels %v, %s is %t", levels, feature, on)
			}
		}
	}
}
