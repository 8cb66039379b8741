package meta_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// attached returns a realm with the meta API.
func attached(t *testing.T) (*router.Router, *router.Realm) {
	t.Helper()
	r, realm := routertest.Realm()
	if _, err := meta.Attach(realm, meta.Options{}); err != nil {
		t.Fatal(err)
	}
	return r, realm
}

func TestTheProceduresAreCallableButInNoList(t *testing.T) {
	r, realm := attached(t)
	c := routertest.Join(t, r, routertest.Page{})
	if _, err := c.Call("wamp.session.count", nil, nil); err != nil {
		t.Error(err)
	}
	if all := realm.Registrations(); len(all) != 0 {
		t.Errorf("listed: %+v", all)
	}
	if n := r.Stats().Registrations; n != 0 {
		t.Errorf("%d are counted", n)
	}
	c.Send(&wamp.Register{Request: 1, Procedure: "first"})
	if m, ok := c.Next().(*wamp.Registered); !ok || m.Registration != 1 {
		t.Errorf("the first registration of a client is %+v", m)
	}
}

func TestARealmHasTheMetaAPIOnce(t *testing.T) {
	_, realm := attached(t)
	if _, err := meta.Attach(realm, meta.Options{}); err == nil {
		t.Fatal("it was attached twice")
	}
	if _, err := realm.Call(t.Context(), router.CallRequest{Procedure: "wamp.session.count"}); err != nil {
		t.Errorf("the attempt took it away: %v", err)
	}
}

func TestNothingIsLeftAfterDetach(t *testing.T) {
	r, realm := routertest.Realm()
	detach, err := meta.Attach(realm, meta.Options{})
	if err != nil {
		t.Fatal(err)
	}
	watcher := routertest.Join(t, r, routertest.Page{})
	watcher.Subscribe("wamp.session.on_join", wamp.MatchExact)
	detach()
	routertest.Join(t, r, routertest.Page{})
	if heard := watcher.Received(); len(heard) != 0 {
		t.Errorf("heard %+v", heard)
	}
	if _, refused := watcher.Call("wamp.session.count", nil, nil); refused == nil || refused.Error != wamp.ErrNoSuchProcedure {
		t.Errorf("the call was answered with %+v", refused)
	}
	if _, err := meta.Attach(realm, meta.Options{}); err != nil {
		t.Errorf("it cannot be attached again: %v", err)
	}
}
