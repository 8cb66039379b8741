package presence

import (
	"context"
	"net/http"

	"github.com/tidings-io/tidings/internal/httpapi"
)

const scope httpapi.Scope = "presence"

type (
	recordInput struct {
		Record string `path:"record" doc:"The record, as pages name it when they enter." example:"order.42" maxLength:"256"`
	}
	recordOutput struct{ Body Attendance }
)

// Routes implements [httpapi.Resource].
func (c *Component) Routes(a *httpapi.API) {
	httpapi.Register(a, httpapi.Operation{
		Scope:       scope,
		Method:      http.MethodGet,
		Path:        "presence/{record}",
		ID:          "get-presence",
		Summary:     "Who is at a record",
		Description: "The people who have the record open, and whether they view or edit it. Nobody is an empty list, also for a record that is not declared.",
	}, func(_ context.Context, in *recordInput) (*recordOutput, error) {
		attendance, err := c.People(in.Record)
		return &recordOutput{Body: attendance}, err
	})
}

// Interface guards.
var _ httpapi.Resource = (*Component)(nil)
