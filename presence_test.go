//go:build !without_presence

package tidings_test

import (
	"testing"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

func TestTheProgramSeesWhoIsAtARecord(t *testing.T) {
	server := runFiles(t, filesWith(shop+"presence:\n  order.{id:int}: {enter: 'true', see: 'true'}\n"), func(*tidings.Server) {})
	ann := join(t, server, "ann")
	if _, err := ann.Call(t.Context(), "tidings.presence.enter", client.Kwargs(map[string]any{"record": "order.42", "mode": "edit"}), nil); err != nil {
		t.Fatal(err)
	}
	attendance, err := server.Attendance("order.42")
	if err != nil || len(attendance.People) != 1 || attendance.People[0].ID != "ann" {
		t.Errorf("%+v, %v", attendance, err)
	}
}
