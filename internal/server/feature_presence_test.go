//go:build !without_presence

package server_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
)

type attendance struct {
	Record string
	People []struct {
		ID, Name, Mode string
		Tabs           int
	}
	Count int
}

func TestThePeopleAtARecordAreShownToSessionsThatMaySeeThem(t *testing.T) {
	r := start(t, basic+`
presence:
  order.{id:int}: {enter: '"staff" in identity.roles', see: backend || "staff" in identity.roles}
`)
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
	if metrics := string(r.request("", "GET", "/metrics", nil).body); !strings.Contains(metrics, "\ntidings_presence_records 1\n") || !strings.Contains(metrics, "\ntidings_presence_people 1\n") {
		t.Error("the metrics do not count the record and the person")
	}
	refusedWith(t, enter(r.user("eve", ""), "view"), "wamp.error.not_authorized", "order.42")
}

func TestAMistakeOfPresenceIsFoundOnce(t *testing.T) {
	file := write(t, t.TempDir(), "tidings.yaml", `presence:
  "record.{": {enter: "true"}
`)
	expectPrefixes(t, mistakes(t, file), []string{`tidings.yaml:2:11: `})
}
