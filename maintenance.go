//go:build !without_maintenance

package tidings

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/maintenance"
	"github.com/tidings-io/tidings/internal/server"
)

// MaintenanceState is the state of the site that pages are told.
type MaintenanceState = maintenance.State

// MaintenanceStart is a request to turn maintenance on.
type MaintenanceStart = maintenance.Start

// StartMaintenance turns maintenance on, or changes its message and operators, and tells every page.
func (s *Server) StartMaintenance(ctx context.Context, start MaintenanceStart) (MaintenanceState, error) {
	if ctx == nil {
		return MaintenanceState{}, errNoContext
	}
	component, ok := server.Component[*maintenance.Component](s.inner)
	if !ok {
		return MaintenanceState{}, errNoMaintenance
	}
	state, err := component.On(ctx, start)
	return state, publicError(err)
}

// EndMaintenance turns maintenance off, and tells every page. by is the user or program that ends it.
func (s *Server) EndMaintenance(ctx context.Context, by string) (MaintenanceState, error) {
	if ctx == nil {
		return MaintenanceState{}, errNoContext
	}
	component, ok := server.Component[*maintenance.Component](s.inner)
	if !ok {
		return MaintenanceState{}, errNoMaintenance
	}
	state, err := component.Off(ctx, by)
	return state, publicError(err)
}

// Maintenance returns the present state.
func (s *Server) Maintenance() (MaintenanceState, error) {
	component, ok := server.Component[*maintenance.Component](s.inner)
	if !ok {
		return MaintenanceState{}, errNoMaintenance
	}
	return component.Status(), nil
}

var errNoMaintenance = errors.New("this server was built without maintenance")
