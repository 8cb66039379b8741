package server_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const office = basic + `
content:
  order.{id:int}: {watch: '"staff" in identity.roles'}
presence:
  order.{id:int}: {enter: '"staff" in identity.roles', see: backend || "staff" in identity.roles}
maintenance: {operator_roles: [operator]}
`

type change struct {
	Tag     string
	Change  string
	Author  *struct{ ID, Name string }
	Tab     string
	Version string
	Fields  []string
}

func TestAChangeOfContentReachesItsWatchersButNotTheTabThatMadeIt(t *testing.T) {
	r := start(t, office)
	own := subscribe(t, r.user("ann", "tab-1", "staff"), "tidings.content.order.42")
	other := subscribe(t, r.user("ann", "tab-2", "staff"), "tidings.content.order.42")
	ben := subscribe(t, r.user("ben", "tab-3", "staff"), "tidings.content.order.42")
	elsewhere := subscribe(t, r.user("cid", "tab-4", "staff"), "tidings.content.order.43")

	tell := func(tags ...string) (notified int) {
		var answer struct{ Notified int }
		r.api(allKey, "POST", "content/changed", map[string]any{
			"tags": tags, "author": map[string]any{"id": "ann", "name": "Ann"}, "tab": "tab-1", "version": "7", "fields": []string{"status"},
		}).as(200, &answer)
		return answer.Notified
	}
	if n := tell("order.42", "order.7"); n != 2 {
		t.Errorf("%d were told", n)
	}
	for _, page := range []*inbox{other, ben} {
		var got change
		page.decode(&got)
		want := change{Tag: "order.42", Change: got.Change, Author: &struct{ ID, Name string }{"ann", "Ann"}, Tab: "tab-1", Version: "7", Fields: []string{"status"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if n := tell("order.43"); n != 1 {
		t.Errorf("%d were told", n)
	}
	wait(t, elsewhere.events, "the change of order 43")
	elsewhere.none()
	own.none()

	_, err := r.user("eve", "").Subscribe(t.Context(), "tidings.content.order.42", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "order.42")
}

func TestABackendMaySayAChangeAsAPublication(t *testing.T) {
	r := start(t, office)
	page := subscribe(t, r.user("ann", "", "staff"), "tidings.content.order.42")
	backend := r.join(client.Config{Key: allKey})
	if _, err := backend.Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []any{"order.42"}}), nil); err != nil {
		t.Fatal(err)
	}
	var got change
	if page.decode(&got); got.Tag != "order.42" {
		t.Errorf("%+v", got)
	}
	_, err := r.user("ben", "", "staff").Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []any{"order.42"}}), nil)
	refusedWith(t, err, "wamp.error.not_authorized", "tidings.changed")
}

type attendance struct {
	Record string
	People []struct {
		ID, Name, Mode string
		Tabs           int
	}
	Count int
}

func TestWhoIsAtARecordIsKnownToWhoMaySeeIt(t *testing.T) {
	r := start(t, office)
	ann := r.user("ann", "tab-1", "staff")
	seen := subscribe(t, ann, "tidings.presence.order.42")
	var got attendance
	if seen.decode(&got); got.Count != 0 {
		t.Errorf("at first: %+v", got)
	}
	enter := func(c *client.Client, mode string) error {
		_, err := c.Call(t.Context(), "tidings.presence.enter", client.Kwargs(map[string]any{"record": "order.42", "mode": mode}), nil)
		return err
	}
	if err := enter(ann, "view"); err != nil {
		t.Fatal(err)
	}
	if seen.decode(&got); got.Count != 1 || got.People[0].Mode != "view" {
		t.Errorf("after entering: %+v", got)
	}
	if err := enter(r.user("ann", "tab-2", "staff"), "edit"); err != nil {
		t.Fatal(err)
	}
	if seen.decode(&got); got.Count != 1 || got.People[0].Mode != "edit" || got.People[0].Tabs != 2 {
		t.Errorf("with a second tab: %+v", got)
	}
	r.api(allKey, "GET", "presence/order.42", nil).as(200, &got)
	if got.Record != "order.42" || got.Count != 1 || got.People[0].ID != "ann" || got.People[0].Name != "The ann" {
		t.Errorf("by HTTP: %+v", got)
	}
	refusedWith(t, enter(r.user("eve", ""), "view"), "wamp.error.not_authorized", "order.42")
}

type state struct {
	On            bool
	Message       string
	Operators     []string
	OperatorRoles []string `json:"operator_roles"`
}

func TestMaintenanceReachesOpenPagesAndLateOnes(t *testing.T) {
	r := start(t, office)
	open := subscribe(t, r.user("ann", ""), "tidings.maintenance")
	var got state
	if open.decode(&got); got.On {
		t.Errorf("at first: %+v", got)
	}
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back", "operators": []string{"olga"}}).as(200, nil)
	want := state{On: true, Message: "soon back", Operators: []string{"olga"}, OperatorRoles: []string{"operator"}}
	open.decode(&got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an open page (-want +got):\n%s", diff)
	}
	subscribe(t, r.user("ben", ""), "tidings.maintenance").decode(&got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a late page (-want +got):\n%s", diff)
	}
	r.api(allKey, "DELETE", "maintenance", nil).as(200, &got)
	// Who has just subscribed may be told the same state twice; its revision says that it is the same.
	for got = (state{On: true}); got.On; {
		open.decode(&got)
	}
	r.api("publisher-0123456789abcdef", "PUT", "maintenance", map[string]any{"message": "x"}).refused(403, "maintenance")
}

func TestMaintenanceAndSpentTicketsSurviveARestart(t *testing.T) {
	parsed, err := config.Parse("test.yaml", []byte(office+"data: "+t.TempDir()+"\n"), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	ticket, _ := r.ticket("ann")(t.Context())
	r.join(client.Config{Ticket: once(ticket)})
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back"}).as(200, nil)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = startConfig(t, parsed)
	var got state
	r.api(allKey, "GET", "maintenance", nil).as(200, &got)
	if !got.On || got.Message != "soon back" {
		t.Errorf("%+v", got)
	}
	_, err = r.tryJoin(client.Config{Ticket: once(ticket)})
	refusedWith(t, err, "wamp.error.authentication_denied", "used before")
}

func TestSessionsAndTopicsAreListedAndSessionsCanBeEnded(t *testing.T) {
	r := start(t, office)
	page := r.user("ann", "tab-1", "staff")
	subscribe(t, page, "tidings.content.order.42")
	var sessions struct {
		Sessions []struct {
			ID                                 uint64
			User, Name, Tab, Address, Encoding string
			Roles                              []string
		}
		Total int
	}
	r.api(allKey, "GET", "sessions?user=ann", nil).as(200, &sessions)
	if sessions.Total != 1 || len(sessions.Sessions) != 1 {
		t.Fatalf("%+v", sessions)
	}
	if s := sessions.Sessions[0]; s.ID != page.Session().ID || s.Tab != "tab-1" || s.Address != "127.0.0.1" || s.Encoding != "wamp.2.json" || s.Roles[0] != "staff" {
		t.Errorf("%+v", s)
	}
	var topics struct {
		Contracts     []struct{ Pattern, Kind, Source string }
		Subscriptions []struct {
			Topic       string
			Subscribers int
		}
	}
	r.api(allKey, "GET", "topics", nil).as(200, &topics)
	if s := topics.Subscriptions; len(s) != 1 || s[0].Topic != "tidings.content.order.42" || s[0].Subscribers != 1 {
		t.Errorf("%+v", s)
	}
	if c := topics.Contracts[0]; c.Pattern != "tidings.content.order.{id:int}" || c.Source != "test.yaml:9:3" {
		t.Errorf("%+v", c)
	}
	r.api(allKey, "DELETE", "sessions/"+strconv.FormatUint(page.Session().ID, 10), nil).as(204, nil)
	wait(t, page.Done(), "the session's end")
	r.api(allKey, "DELETE", "sessions/"+strconv.FormatUint(sessions.Sessions[0].ID, 10), nil).refused(404, "no session")
}
