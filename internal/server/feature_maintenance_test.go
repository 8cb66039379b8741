//go:build !without_maintenance

package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const operated = basic + "maintenance: {operator_roles: [operator]}\n"

type state struct {
	On            bool
	Message       string
	Operators     []string
	OperatorRoles []string `json:"operator_roles"`
}

func TestMaintenanceReachesOpenPagesAndLateOnes(t *testing.T) {
	r := start(t, operated)
	open := subscribe(t, r.user("ann", ""), "tidings.maintenance")
	var got state
	if open.decode(&got); got.On {
		t.Errorf("at first: %+v", got)
	}
	metric := func(want string) {
		t.Helper()
		if metrics := string(r.request("", "GET", "/metrics", nil).body); !strings.Contains(metrics, "\ntidings_maintenance "+want+"\n") {
			t.Errorf("the metrics do not have tidings_maintenance %s", want)
		}
	}
	metric("0")
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back", "operators": []string{"olga"}}).as(200, nil)
	metric("1")
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
	parsed, err := config.Parse("test.yaml", []byte(operated+"data: "+t.TempDir()+"\n"), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	ticket, _ := r.ticket("ann")(t.Context())
	r.join(client.Config{Auth: client.Ticket(once(ticket))})
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
	_, err = r.tryJoin(client.Config{Auth: client.Ticket(once(ticket))})
	refusedWith(t, err, "wamp.error.authentication_denied", "used before")
}
