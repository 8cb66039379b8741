package httpapi

import (
	"context"
	"net/http"
)

// Invalidator asks again what sessions may hold.
type Invalidator interface {
	// Invalidate makes cached decisions on the selected sessions void, and takes away what they may no longer hold. An
	// error for the backend is a *wamp.Failure.
	Invalidate(ctx context.Context, selected Selection) (Invalidated, error)
}

type (
	// Selection selects sessions. A session is selected if it has everything that is named.
	Selection struct {
		User   string `json:"user,omitempty" doc:"The user's id; of a backend the name of its API key." example:"42" maxLength:"256"`
		Role   string `json:"role,omitempty" doc:"A role; each of a session's roles counts." example:"staff" maxLength:"128"`
		Tenant string `json:"tenant,omitempty" doc:"The tenant, as the ticket says." example:"acme" maxLength:"128"`
	}
	// Invalidated counts what was asked about.
	Invalidated struct {
		Sessions  int `json:"sessions" doc:"How many sessions were selected."`
		Kept      int `json:"kept" doc:"How many of their subscriptions and registrations are still allowed."`
		Revoked   int `json:"revoked" doc:"How many were taken away."`
		Undecided int `json:"undecided" doc:"How many were kept because the authorizer or a handler did not answer: try again."`
	}
	invalidateInput  struct{ Body Selection }
	invalidateOutput struct{ Body Invalidated }
)

func (a *API) addInvalidate() {
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodPost,
		Path:        "invalidate",
		ID:          "invalidate",
		Summary:     "Ask again what sessions may hold",
		Description: "Call this when rights have changed. Cached decisions on the sessions are void, and what they have subscribed to and registered is asked about again. Only what is refused now is taken away, and the pages are told. Rules see the roles of the login: to change these, renew the session with a new ticket, or end it.",
		Request:     JSON(`{"user":"42"}`),
	}, func(ctx context.Context, in *invalidateInput) (*invalidateOutput, error) {
		found, err := a.options.Invalidator.Invalidate(ctx, in.Body)
		if err != nil {
			return nil, err
		}
		return &invalidateOutput{Body: found}, nil
	})
}
