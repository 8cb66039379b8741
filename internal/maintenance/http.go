package maintenance

import (
	"context"
	"net/http"

	"github.com/tidings-io/tidings/internal/httpapi"
)

const scope httpapi.Scope = "maintenance"

type (
	startInput  struct{ Body Start }
	stateOutput struct{ Body State }
)

// Routes implements [httpapi.Resource].
func (c *Component) Routes(a *httpapi.API) {
	const path = "maintenance"
	httpapi.Register(a, httpapi.Operation{
		Scope: scope, Method: http.MethodGet, Path: path, ID: "get-maintenance",
		Summary:     "Read the state of the site",
		Description: "Whether maintenance is on, and what open pages show.",
	}, func(context.Context, *struct{}) (*stateOutput, error) {
		return &stateOutput{Body: c.Status()}, nil
	})
	httpapi.Register(a, httpapi.Operation{
		Scope: scope, Method: http.MethodPut, Path: path, ID: "start-maintenance",
		Summary:     "Turn maintenance on",
		Description: "Every open page, and every page that is opened later, is disabled by a modal with the message, except those of operators. Again: replaces the message.",
		Request:     httpapi.JSON(`{"message":"Back at 14:00","operators":["42"]}`),
	}, func(ctx context.Context, in *startInput) (*stateOutput, error) {
		if in.Body.By == "" {
			in.Body.By = httpapi.KeyName(ctx)
		}
		state, err := c.On(ctx, in.Body)
		return &stateOutput{Body: state}, err
	})
	httpapi.Register(a, httpapi.Operation{
		Scope: scope, Method: http.MethodDelete, Path: path, ID: "end-maintenance",
		Status:      http.StatusOK,
		Summary:     "Turn maintenance off",
		Description: "The modal lifts from every page.",
	}, func(ctx context.Context, _ *struct{}) (*stateOutput, error) {
		state, err := c.Off(ctx, httpapi.KeyName(ctx))
		return &stateOutput{Body: state}, err
	})
}

// SchemaName implements [httpapi.Named].
func (State) SchemaName() string { return "MaintenanceState" }

// SchemaName implements [httpapi.Named].
func (Start) SchemaName() string { return "MaintenanceStart" }

// Interface guards.
var (
	_ httpapi.Resource = (*Component)(nil)
	_ httpapi.Named    = State{}
	_ httpapi.Named    = Start{}
)
