package httpapi

import (
	"context"
	"net/http"
)

// Presence knows who is at a record.
type Presence interface {
	// People lists who is there. An error for the backend is a *wamp.Failure.
	People(ctx context.Context, record string) (Attendance, error)
}

type (
	// Attendance is who is at a record.
	Attendance struct {
		Record   string   `json:"record" example:"order.42"`
		People   []Person `json:"people"`
		Count    int      `json:"count" doc:"How many people are there." example:"1"`
		Revision int64    `json:"revision" doc:"Grows with each change, so that a late answer can be told."`
	}
	// Person is a user at a record, on however many tabs.
	Person struct {
		ID   string `json:"id" example:"42"`
		Name string `json:"name" example:"Ann Miller"`
		Mode string `json:"mode" enum:"view,edit" doc:"edit if one of the tabs edits."`
		Tabs int    `json:"tabs" example:"2"`
	}
	presenceInput struct {
		Record string `path:"record" doc:"The record, as pages name it when they enter." example:"order.42" maxLength:"256"`
	}
	presenceOutput struct{ Body Attendance }
)

func (a *API) addPresence() {
	register(a, operation{
		scope:       ScopePresence,
		method:      http.MethodGet,
		path:        "presence/{record}",
		id:          "get-presence",
		summary:     "Who is at a record",
		description: "The people who have the record open, and whether they view or edit it. Nobody is an empty list, also for a record that is not declared.",
	}, func(ctx context.Context, in *presenceInput) (*presenceOutput, error) {
		people, err := a.options.Presence.People(ctx, in.Record)
		return &presenceOutput{Body: people}, err
	})
}
