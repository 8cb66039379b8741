package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Maintenance knows and changes the state of the site.
type Maintenance interface {
	State(ctx context.Context) (MaintenanceState, error)
	// On and Off return the state that is in force from then on. An error for the backend is a
	// *wamp.Failure.
	On(ctx context.Context, start MaintenanceStart) (MaintenanceState, error)
	Off(ctx context.Context, by string) (MaintenanceState, error)
}

type (
	// MaintenanceState is the state of the site, as open pages know it.
	MaintenanceState struct {
		On            bool       `json:"on"`
		Message       string     `json:"message" doc:"What the pages show."`
		Since         *time.Time `json:"since" doc:"Since when it is on; null if it is off."`
		By            string     `json:"by" doc:"Who turned it on or off."`
		Operators     []string   `json:"operators" doc:"The users whose pages stay usable."`
		OperatorRoles []string   `json:"operator_roles" doc:"The roles whose pages stay usable, as configured."`
		Revision      int64      `json:"revision" doc:"Grows with each change."`
	}
	// MaintenanceStart turns maintenance on.
	MaintenanceStart struct {
		Message   string   `json:"message" doc:"What the pages show." example:"Back at 14:00" maxLength:"2000"`
		Operators []string `json:"operators,omitempty" doc:"Users whose pages stay usable." maxItems:"100"`
		By        string   `json:"by,omitempty" doc:"Who does it; the API key's name if left out." maxLength:"256"`
	}
	maintenanceInput  struct{ Body MaintenanceStart }
	maintenanceOutput struct{ Body MaintenanceState }
)

func (a *API) addMaintenance() {
	const path = "maintenance"
	register(a, operation{
		scope: ScopeMaintenance, method: http.MethodGet, path: path, id: "get-maintenance",
		summary:     "Read the state of the site",
		description: "Whether maintenance is on, and what open pages show.",
	}, func(ctx context.Context, _ *struct{}) (*maintenanceOutput, error) {
		state, err := a.options.Maintenance.State(ctx)
		return &maintenanceOutput{Body: state}, err
	})
	register(a, operation{
		scope: ScopeMaintenance, method: http.MethodPut, path: path, id: "start-maintenance",
		summary:     "Turn maintenance on",
		description: "Every open page, and every page that is opened later, is disabled by a modal with the message, except those of operators. Again: replaces the message.",
		request:     raw(`{"message":"Back at 14:00","operators":["42"]}`),
	}, func(ctx context.Context, in *maintenanceInput) (*maintenanceOutput, error) {
		if in.Body.By == "" {
			in.Body.By = by(ctx)
		}
		state, err := a.options.Maintenance.On(ctx, in.Body)
		return &maintenanceOutput{Body: state}, err
	})
	register(a, operation{
		scope: ScopeMaintenance, method: http.MethodDelete, path: path, id: "end-maintenance",
		status:      http.StatusOK,
		summary:     "Turn maintenance off",
		description: "The modal lifts from every page.",
	}, func(ctx context.Context, _ *struct{}) (*maintenanceOutput, error) {
		state, err := a.options.Maintenance.Off(ctx, by(ctx))
		return &maintenanceOutput{Body: state}, err
	})
}
