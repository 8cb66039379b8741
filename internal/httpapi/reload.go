package httpapi

import (
	"context"
	"net/http"
)

// Reloader reads the configuration of the server again.
type Reloader interface {
	// Reload applies what has changed. An error changes nothing; mistakes of the configuration are a [*Problem].
	Reload(ctx context.Context) (ReloadAnswer, error)
}

type (
	// ReloadAnswer says what a reload did.
	ReloadAnswer struct {
		Applied  []string `json:"applied" doc:"The keys whose changed values hold from now on." example:"[\"topics\"]"`
		Restart  []string `json:"restart" doc:"The keys whose changed values hold after the next start only. Until then the former ones go on." example:"[\"listen\"]"`
		Warnings []Flaw   `json:"warnings" doc:"What a configuration may say, but is rarely meant so."`

		SessionsEnded int  `json:"sessions_ended" doc:"Sessions whose API key, user or way to log in is gone."`
		Kept          int  `json:"kept" doc:"Subscriptions and registrations that are still allowed."`
		Revoked       int  `json:"revoked" doc:"Subscriptions and registrations that were taken away."`
		Undecided     int  `json:"undecided" doc:"Those that were kept because the application did not decide."`
		Checking      bool `json:"checking" doc:"The check of subscriptions and registrations goes on."`
	}
	reloadOutput struct{ Body ReloadAnswer }
)

func (a *API) addReload() {
	Register(a, Operation{
		Scope:   ScopeReload,
		Method:  http.MethodPost,
		Path:    "reload",
		ID:      "reload",
		Summary: "Read the configuration again",
		Description: "Reads the configuration file and applies what has changed, without closing connections. With one mistake " +
			"in it nothing is applied: status 422, and all mistakes in errors.",
		Errors: []int{http.StatusNotImplemented, http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*reloadOutput, error) {
		answer, err := a.options.Reloader.Reload(ctx)
		if err != nil {
			return nil, err
		}
		return &reloadOutput{Body: answer}, nil
	})
}
