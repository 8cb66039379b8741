package tidings_test

import (
	"testing"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

func TestTheProgramIsToldWhoComesAndGoes(t *testing.T) {
	type change struct{ user, reason string }
	changes := make(chan change, 10)
	var cancel func()
	server := run(t, func(s *tidings.Server) {
		if _, err := s.Realm().OnJoin(func(s tidings.Session) { changes <- change{user: s.Identity.ID} }); err != nil {
			t.Fatal(err)
		}
		var err error
		if cancel, err = s.Realm().OnLeave(func(s tidings.Session, reason string) { changes <- change{s.Identity.ID, reason} }); err != nil {
			t.Fatal(err)
		}
	})
	ann := join(t, server, "ann")
	if got := <-changes; got != (change{user: "ann"}) {
		t.Errorf("ann came as %+v", got)
	}
	ann.Close()
	if got := <-changes; got != (change{"ann", "goodbye"}) {
		t.Errorf("ann left as %+v", got)
	}
	ben := join(t, server, "ben")
	<-changes
	session, ok := server.Realm().Session(ben.Session().ID)
	if !ok || session.Identity.Name != "The ben" || session.Tab != "tab-of-ben" {
		t.Errorf("the session is %+v, %v", session, ok)
	}
	if !server.Realm().Kick(session.ID, "bye") {
		t.Error("there is no session to kick")
	}
	if got := <-changes; got != (change{"ben", "killed"}) {
		t.Errorf("ben left as %+v", got)
	}
	<-ben.Done()
	wantText(t, ben.Err(), "wamp.close.killed: bye")
	if _, ok := server.Realm().Session(session.ID); ok || server.Realm().Kick(session.ID, "") {
		t.Error("the session is still there")
	}
	cancel()
	join(t, server, "eve").Close()
	if got := <-changes; got != (change{user: "eve"}) {
		t.Errorf("eve came as %+v", got)
	}
	if len(changes) > 0 {
		t.Errorf("after cancel: %+v", <-changes)
	}
}

func TestTheProgramEndsAllSessionsOfAUser(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	first, second, other := join(t, server, "ann"), join(t, server, "ann"), join(t, server, "ben")
	n, err := server.Realm().KickAll(tidings.Selection{User: "ann"}, "the account is closed")
	if err != nil || n != 2 {
		t.Errorf("ended %d sessions: %v", n, err)
	}
	for _, c := range []*client.Client{first, second} {
		<-c.Done()
		wantText(t, c.Err(), "the account is closed")
	}
	if other.Session().ID == 0 {
		t.Error("ben's session has ended, too")
	}
}

func TestAFlashReachesThePagesOfItsUser(t *testing.T) {
	server := runFiles(t, filesWith(shop+"  user.{user}.note: {call: backend}\n"), func(*tidings.Server) {})
	wantText(t, failed(server.Flash(t.Context(), "ann", tidings.Flash{Text: "x"})), "not_authorized") // it is not declared
	server = runFiles(t, filesWith("auth: {tickets: {secret: 0123456789abcdef0123456789abcdef}}\ntopics:\n  user.{user}.flash: {subscribe: params.user == identity.id, publish: backend}\n"), func(*tidings.Server) {})
	events := subscribe(t, join(t, server, "ann@example.com"), "user.ann@example%2Ecom.flash")
	receipt, err := server.Flash(t.Context(), "ann@example.com", tidings.Flash{Level: tidings.FlashSuccess, Title: "Report", Text: "It is ready", Href: "/reports/7"})
	if err != nil || receipt.Deliveries != 1 {
		t.Errorf("%+v, %v", receipt, err)
	}
	got := next(t, events).Kwargs
	for key, want := range map[string]any{"level": "success", "title": "Report", "text": "It is ready", "href": "/reports/7"} {
		if got[key] != want {
			t.Errorf("%s is %v", key, got[key])
		}
	}
}
