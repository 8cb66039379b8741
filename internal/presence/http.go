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
	recordQuery struct {
		Record   string `query:"record" doc:"The record. Give this or contract." maxLength:"256"`
		Contract string `query:"contract" doc:"The pattern under presence, as the configuration has it, or with its parameters without types; instead of record." maxLength:"1024" example:"customer.{email}"`
		Params   string `query:"params" doc:"The values of the contract's parameters as a JSON object." maxLength:"4096"`
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
	httpapi.Register(a, httpapi.Operation{
		Scope:       scope,
		Method:      http.MethodGet,
		Path:        "presence",
		ID:          "find-presence",
		Summary:     "Who is at the record of a contract",
		Description: "As above, for a record that is given by its contract and parameters, or in the query.",
	}, func(_ context.Context, in *recordQuery) (*recordOutput, error) {
		record, err := a.Name(TopicPrefix, "record", in.Record, in.Contract, in.Params)
		if err != nil {
			return nil, err
		}
		attendance, err := c.People(record)
		return &recordOutput{Body: attendance}, err
	})
}

// Interface guards.
var _ httpapi.Resource = (*Component)(nil)
