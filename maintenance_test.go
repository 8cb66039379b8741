//go:build !without_maintenance

package tidings_test

import (
	"context"
	"testing"

	tidings "github.com/tidings-io/tidings"
)

func TestTheProgramEntersAndLeavesMaintenance(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	pages := subscribe(t, join(t, server, "ann"), "tidings.maintenance")
	next(t, pages) // the present state
	state, err := server.StartMaintenance(t.Context(), tidings.MaintenanceStart{By: "deploy", Message: "back soon"})
	if err != nil || !state.On || state.Message != "back soon" {
		t.Fatalf("%+v, %v", state, err)
	}
	if e := next(t, pages); e.Kwargs["on"] != true {
		t.Errorf("a page was told %v", e.Kwargs)
	}
	if now, err := server.Maintenance(); err != nil || !now.On {
		t.Errorf("%+v, %v", now, err)
	}
	if state, err := server.EndMaintenance(t.Context(), "deploy"); err != nil || state.On {
		t.Errorf("%+v, %v", state, err)
	}
	next(t, pages)
}

func TestMaintenanceWithoutAContextIsAnError(t *testing.T) {
	var none context.Context
	server := run(t, func(*tidings.Server) {})
	wantText(t, failed(server.StartMaintenance(none, tidings.MaintenanceStart{})), "the context is nil: use context.Background()")
	wantText(t, failed(server.EndMaintenance(none, "")), "the context is nil: use context.Background()")
}
