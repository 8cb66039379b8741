package router_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// until returns an identity that expires after a time; 0: never.
func until(id string, after time.Duration) *peer.Identity {
	i := &peer.Identity{ID: id, Roles: []string{"staff"}}
	if after != 0 {
		i.Expires = time.Now().Add(after)
	}
	return i
}

func TestASessionEndsWhenItsIdentityExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		clients := map[string]*routertest.Client{}
		for id, after := range map[string]time.Duration{"a": time.Hour, "b": time.Minute, "c": 0, "d": time.Minute} {
			clients[id] = routertest.Join(t, r, routertest.Page{Identity: until(id, after)})
		}
		clients["d"].Goodbye() // before its identity expires
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		if n := len(realm.Sessions()); n != 3 {
			t.Errorf("%d sessions before the time", n)
		}
		time.Sleep(1 * time.Nanosecond)
		synctest.Wait()
		if n := len(realm.Sessions()); n != 2 {
			t.Errorf("%d sessions after a minute", n)
		}
		if got := clients["b"].Session().Reason(); got != outbox.CloseExpired {
			t.Errorf("the session ended by %s", got)
		}
		if bye, ok := clients["b"].Next().(*wamp.Goodbye); !ok || bye.Reason != wamp.CloseIdentityExpired {
			t.Errorf("the client was told %+v", bye)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if all := realm.Sessions(); len(all) != 1 || all[0].Identity().ID != "c" {
			t.Errorf("%d sessions after a day", len(all))
		}
		if got := r.Stats().Closes[outbox.CloseExpired]; got != 2 {
			t.Errorf("%d ends are counted", got)
		}
	})
}

func TestARenewedIdentityExpiresLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		s := routertest.Join(t, r, routertest.Page{Identity: until("ann", time.Minute)}).Session()
		expires := func(after, lives time.Duration) {
			t.Helper()
			if _, err := s.Reauthenticate(t.Context(), until("ann", after)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(lives)
			synctest.Wait()
			if len(realm.Sessions()) != 1 {
				t.Fatalf("the session has ended, by %s", s.Reason())
			}
		}
		time.Sleep(59 * time.Second)
		expires(time.Minute, 59*time.Second)
		expires(0, 24*time.Hour)
		expires(time.Minute, 59*time.Second)
		time.Sleep(time.Second)
		synctest.Wait()
		if s.Reason() != outbox.CloseExpired {
			t.Errorf("the session was closed by %s", s.Reason())
		}
		if _, err := s.Reauthenticate(t.Context(), until("ann", time.Minute)); err == nil {
			t.Error("a session that has ended is renewed")
		}
	})
}

func TestASessionKeepsItsUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := routertest.Realm()
		s := routertest.Join(t, r, routertest.Page{Identity: until("ann", time.Hour)}).Session()
		before := s.Identity()
		other := until("ann", 0)
		other.Backend, other.Key = true, "ann"
		for name, identity := range map[string]*peer.Identity{
			"another user": until("ben", 0), "an API key of that name": other,
			"the user of another tenant": {ID: "ann", Tenant: "acme"}, "an expired identity": until("ann", -time.Second),
		} {
			if _, err := s.Reauthenticate(t.Context(), identity); err == nil || s.Identity() != before {
				t.Errorf("%s is accepted: %v", name, err)
			}
		}
	})
}

func TestAnExpiredIdentityDoesNotJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		c := r.Attach(router.Attachment{
			Peer: peer.Peer{Identity: until("ann", -time.Second)}, Format: outbox.Format{Encoding: wamp.V2JSON}, Waker: outbox.WakeFunc(func() {}),
		})
		defer c.Detach(outbox.CloseLost)
		hello, err := wamp.V2JSON.Append(nil, &wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"caller": wamp.Dict{}}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Receive(t.Context(), hello); err == nil || len(realm.Sessions()) != 0 {
			t.Errorf("it joined: %v", err)
		}
	})
}

func TestAConnectionLostWhileItsIdentityExpiresLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		for range 100 {
			c := routertest.Join(t, r, routertest.Page{Identity: until("ann", time.Second)})
			go func() {
				time.Sleep(time.Second)
				c.Lose()
			}()
			go func() {
				time.Sleep(time.Second)
				if _, err := c.Session().Reauthenticate(t.Context(), until("ann", time.Hour)); err != nil {
					t.Logf("the session ended first: %v", err)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(realm.Sessions()); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if n := realm.Expiries(); n != 0 {
			t.Errorf("%d identities are watched", n)
		}
	})
}

func TestRenewalsThatMeetLeaveTheEndOfTheLastOne(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			r, _ := routertest.Realm()
			s := routertest.Join(t, r, routertest.Page{Identity: until("ann", time.Minute)}).Session()
			var renewing sync.WaitGroup
			for _, life := range []time.Duration{2 * time.Minute, 3 * time.Minute, 4 * time.Minute} {
				identity := until("ann", life)
				renewing.Go(func() {
					if _, err := s.Reauthenticate(t.Context(), identity); err != nil {
						t.Error(err)
					}
				})
			}
			renewing.Wait()
			left := time.Until(s.Identity().Expires)
			time.Sleep(left - 1)
			synctest.Wait()
			if s.Reason() != outbox.CloseNone {
				t.Fatalf("it ended too early, by %s", s.Reason())
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if s.Reason() != outbox.CloseExpired {
				t.Fatal("it outlives its identity")
			}
		})
	}
}

// end joins without saying that the client comes again, and returns the messages of a session that lives for a minute.
func end(t *testing.T, encoding wamp.Encoding, noCloseCodes bool) (welcome *wamp.Welcome, last wamp.Message, info *outbox.CloseInfo) {
	t.Helper()
	r, _ := routertest.Realm()
	c := r.Attach(router.Attachment{
		Peer: peer.Peer{Identity: until("ann", time.Minute), NoCloseCodes: noCloseCodes}, Format: outbox.Format{Encoding: encoding}, Waker: outbox.WakeFunc(func() {}),
	})
	defer c.Detach(outbox.CloseLost)
	hello, err := encoding.Append(nil, &wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"caller": wamp.Dict{}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Receive(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	taken := c.Outbox().Take(nil, 1<<20)
	for i, piece := range taken.Pieces {
		m, err := encoding.Decode(piece)
		if err != nil {
			t.Fatal(err)
		}
		if last = m; i == 0 {
			welcome, _ = m.(*wamp.Welcome)
		}
	}
	return welcome, last, taken.Closed
}

func TestAClientIsToldWhenItsSessionEndsAndThatItHas(t *testing.T) {
	for _, encoding := range []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON} {
		for _, noCloseCodes := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				welcome, last, info := end(t, encoding, noCloseCodes)
				if welcome == nil || welcome.Details["_session_ends_in"] != int64(60) {
					t.Errorf("%s: WELCOME is %+v", encoding, welcome)
				}
				bye, told := last.(*wamp.Goodbye)
				if told != noCloseCodes || told && bye.Reason != wamp.CloseIdentityExpired {
					t.Errorf("%s, %t: the last message is %+v", encoding, noCloseCodes, last)
				}
				if info == nil || info.Reason != outbox.CloseExpired || info.Text == "" {
					t.Errorf("%s: closed with %+v", encoding, info)
				}
			})
		}
	}
}
