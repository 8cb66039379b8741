package peer_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func features(role string, keys ...string) wamp.Dict {
	announced := wamp.Dict{}
	for _, key := range keys {
		announced[key] = true
	}
	return wamp.Dict{"roles": wamp.Dict{role: wamp.Dict{"features": announced}}}
}

func TestAnnouncementsCountForTheirRoleAndByAllTheirNames(t *testing.T) {
	for _, test := range []struct {
		hello wamp.Dict
		want  peer.Features
	}{
		{wamp.Dict{}, 0},
		{wamp.Dict{"roles": wamp.Dict{"callee": wamp.Dict{}}}, 0},
		{features("callee", "call_canceling"), peer.CalleeInterrupt},
		{features("callee", "call_cancelling"), peer.CalleeInterrupt}, //nolint:misspell // the specification has it both ways
		{features("caller", "call_canceling"), 0},
		{features("caller", "payload_passthru_mode"), peer.CallerPassthru},
		{features("callee", "payload_transparency"), peer.CalleePassthru},
		{features("subscriber", "subscription_revocation", "of_another_router"), peer.SubscriberRevocation},
		{
			features("callee", "progressive_call_results", "progressive_call_invocations", "call_timeout"),
			peer.CalleeSendsProgress | peer.CalleeTakesProgress | peer.CalleeTimeout,
		},
		{wamp.Dict{"roles": wamp.Dict{"callee": wamp.Dict{"features": wamp.Dict{"call_timeout": false}}}}, 0},
	} {
		if got := peer.ParseFeatures(test.hello); got != test.want {
			t.Errorf("%v announces %b, want %b", test.hello, got, test.want)
		}
	}
	both := peer.CalleeTimeout | peer.CalleeReroute
	if !both.Has(peer.CalleeTimeout) || !both.Has(both) || peer.CalleeTimeout.Has(both) {
		t.Error("Has does not ask for all wanted features")
	}
}

func TestAHelloNeedsARoleOfAClient(t *testing.T) {
	for hello, want := range map[string]bool{"publisher": true, "callee": true, "broker": false, "": false} {
		if got := peer.HasRole(wamp.Dict{"roles": wamp.Dict{hello: wamp.Dict{}}}); got != want {
			t.Errorf("%q: %t", hello, got)
		}
	}
	if peer.HasRole(wamp.Dict{}) {
		t.Error("no roles are a role")
	}
}

func TestTheRouterOffersWhatItIsSetUpFor(t *testing.T) {
	offered := func(o peer.Offer, role, feature string) bool {
		of, _ := o.Roles().Dict(role)
		named, _ := of.Dict("features")
		on, _ := named.Bool(feature)
		return on
	}
	for _, test := range []struct {
		offer         peer.Offer
		role, feature string
	}{
		{peer.Offer{TrustLevels: true}, "dealer", "call_trustlevels"},
		{peer.Offer{TrustLevels: true}, "broker", "publication_trustlevels"},
		{peer.Offer{Retention: true}, "broker", "event_retention"},
		{peer.Offer{Disclosure: true}, "broker", "publisher_identification"},
		{peer.Offer{Disclosure: true}, "dealer", "caller_identification"},
	} {
		if !offered(test.offer, test.role, test.feature) || offered(peer.Offer{}, test.role, test.feature) {
			t.Errorf("%s of the %s is not offered by %+v, or by every router", test.feature, test.role, test.offer)
		}
	}
	if !offered(peer.Offer{}, "dealer", "call_reroute") || !offered(peer.Offer{}, "broker", "pattern_based_subscription") {
		t.Error("a router without options offers too little")
	}
}

func TestATabIsAShortWord(t *testing.T) {
	for tab, want := range map[any]string{
		"aZ09_-": "", strings.Repeat("x", peer.MaxTabBytes): "",
		"": "1 to 64", strings.Repeat("x", peer.MaxTabBytes+1): "1 to 64", int64(7): "1 to 64",
		"a b": "may hold", "ä": "may hold", "a\n": "may hold",
	} {
		got, err := peer.ParseTab(wamp.Dict{"_tab": tab})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) || err == nil && got != tab {
			t.Errorf("%q: %q, %v", tab, got, err)
		}
	}
	if got, err := peer.ParseTab(wamp.Dict{}); got != "" || err != nil {
		t.Errorf("no tab: %q, %v", got, err)
	}
}

func TestAnIdentityExpiresAtItsTimeAndNotWithoutOne(t *testing.T) {
	now := time.Now()
	until := peer.Identity{Expires: now}
	if !until.Expired(now) || !until.Expired(now.Add(1)) || until.Expired(now.Add(-1)) || (&peer.Identity{}).Expired(now) {
		t.Error("the identity expires at another time")
	}
}

func TestAnIdentityIsOfOneUserOrBackendOfOneTenant(t *testing.T) {
	ann := peer.Identity{ID: "ann", Tenant: "north", Roles: []string{"user"}, Expires: time.Now()}
	renewed := peer.Identity{ID: "ann", Tenant: "north", Roles: []string{"staff"}, Method: "ticket"}
	if !ann.SameUser(&renewed) {
		t.Error("other roles or times make another user")
	}
	for _, other := range []peer.Identity{
		{ID: "ben", Tenant: "north"},
		{ID: "ann", Tenant: "south"},
		{ID: "ann", Tenant: "north", Backend: true},
		{ID: "ann", Tenant: "north", Key: "shop"},
	} {
		if ann.SameUser(&other) {
			t.Errorf("%+v is the same user", other)
		}
	}
}

func TestWelcomeTellsTheIdentity(t *testing.T) {
	ann := peer.Identity{ID: "ann", Name: "Ann", Roles: []string{"staff", "user"}, Tenant: "north", Method: "ticket", Provider: "static"}
	want := wamp.Dict{
		"authid": "ann", "authrole": "staff", "authmethod": "ticket", "authprovider": "static",
		"authextra": wamp.Dict{"name": "Ann", "roles": []any{"staff", "user"}, "tenant": "north", "proof": "x"},
	}
	if diff := cmp.Diff(want, ann.Details(wamp.Dict{"proof": "x"})); diff != "" {
		t.Errorf("other details (-want +got):\n%s", diff)
	}
	if role := (&peer.Identity{}).Role(); role != "" {
		t.Errorf("without roles the role is %q", role)
	}
}

func TestADecisionIsCachedForItsActionURIAndBasisUntilItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var none *peer.Decisions
		allows := func(d *peer.Decisions, basis peer.Basis, action peer.Action, uri wamp.URI) bool {
			_, ok := d.Find(basis, action, uri)
			return ok
		}
		ann, later := peer.Basis{Identity: &peer.Identity{ID: "ann"}}, time.Now().Add(time.Minute)
		next := peer.Basis{Identity: ann.Identity, Epoch: 1}
		d := peer.NewDecisions(time.Now())
		d.Add(ann, peer.Publish, "for ever", peer.Decision{Stamped: true})
		d.Add(ann, peer.Publish, "a minute", peer.Decision{Until: later})
		if allows(none, ann, peer.Publish, "for ever") || !allows(d, ann, peer.Publish, "for ever") || !allows(d, ann, peer.Publish, "a minute") ||
			allows(d, ann, peer.Call, "for ever") || allows(d, ann, peer.Publish, "another") || allows(d, next, peer.Publish, "for ever") {
			t.Error("the cache allows something else than what was decided")
		}
		stamped, _ := d.Find(ann, peer.Publish, "for ever")
		plain, _ := d.Find(ann, peer.Publish, "a minute")
		if !stamped.Stamped || plain.Stamped || !stamped.Cacheable {
			t.Error("the cache forgets whether events are stamped")
		}
		time.Sleep(time.Minute)
		if allows(d, ann, peer.Publish, "a minute") || !allows(d, ann, peer.Publish, "for ever") {
			t.Error("a decision holds for another time")
		}
		d.Add(next, peer.Call, "p", peer.Decision{})
		if allows(d, ann, peer.Publish, "for ever") || allows(d, next, peer.Publish, "for ever") || !allows(d, next, peer.Call, "p") {
			t.Error("a decision outlives its basis")
		}
	})
}

func TestACacheOfDecisionsIsBounded(t *testing.T) {
	for _, test := range []struct {
		identity peer.Identity
		most     int
	}{{peer.Identity{}, 64}, {peer.Identity{Backend: true}, 4096}} {
		d, basis := peer.NewDecisions(time.Now()), peer.Basis{Identity: &test.identity}
		uri := func(n int) wamp.URI { return wamp.URI(fmt.Sprint("topic.", n)) }
		for n := range test.most {
			d.Add(basis, peer.Publish, uri(n), peer.Decision{})
		}
		has := func(n int) bool {
			_, ok := d.Find(basis, peer.Publish, uri(n))
			return ok
		}
		if !has(0) {
			t.Errorf("fewer than %d decisions are cached", test.most)
		}
		d.Add(basis, peer.Publish, uri(test.most), peer.Decision{})
		if has(0) || !has(test.most) {
			t.Errorf("more than %d decisions are cached", test.most)
		}
	}
}

func TestActionsHaveTheNamesOfTheSpecification(t *testing.T) {
	got := ""
	for action := peer.Subscribe; action <= peer.Register+1; action++ {
		got += action.String() + " "
	}
	if got != "subscribe publish call register unknown " {
		t.Error(got)
	}
}

func TestDisclosureIsDecidedByThePolicyAndTheOption(t *testing.T) {
	ask, silent := wamp.Dict{"disclose_me": true}, wamp.Dict{}
	for _, test := range []struct {
		policy  peer.Disclosure
		options wamp.Dict
		want    peer.Disclosure
		refused bool
	}{
		{peer.DiscloseOnRequest, silent, peer.DiscloseNever, false},
		{peer.DiscloseOnRequest, ask, peer.DiscloseAlways, false},
		{peer.DiscloseNever, silent, peer.DiscloseNever, false},
		{peer.DiscloseNever, ask, peer.DiscloseNever, true},
		{peer.DiscloseAlways, silent, peer.DiscloseAlways, false},
		{peer.DiscloseAlways, wamp.Dict{"disclose_me": false}, peer.DiscloseAlways, false},
	} {
		got, err := test.policy.Decide(test.options)
		if got != test.want || (err != nil) != test.refused {
			t.Errorf("policy %d, options %v: %d, %v", test.policy, test.options, got, err)
		}
		if want, _ := test.policy.Decide(silent); test.policy.Default() != want {
			t.Errorf("the default of policy %d is %d, and without the option it is %d", test.policy, test.policy.Default(), want)
		}
	}
}

func TestDetailsNameTheSessionAndItsHighestTrustLevel(t *testing.T) {
	ann, details := peer.Identity{ID: "ann", Roles: []string{"user", "staff"}}, wamp.Dict{}
	ann.Disclose(details, "caller", 7)
	ann.TrustLevel(details, nil)
	if diff := cmp.Diff(wamp.Dict{"caller": int64(7), "caller_authid": "ann", "caller_authrole": "user"}, details); diff != "" {
		t.Errorf("other details (-want +got):\n%s", diff)
	}
	for want, levels := range map[int64]map[string]int{3: {"user": 1, "staff": 3, "root": 9}, 0: {"root": 9}} {
		ann.TrustLevel(details, levels)
		if details["trustlevel"] != want {
			t.Errorf("the level by %v is %v", levels, details["trustlevel"])
		}
	}
}
