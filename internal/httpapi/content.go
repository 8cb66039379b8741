package httpapi

import (
	"context"
	"net/http"
)

// Content tells the watchers of tags that what they see has become outdated.
type Content interface {
	// Changed says it to everyone who watches one of the tags. An error for the backend is a
	// *wamp.Failure.
	Changed(ctx context.Context, c Change) (id string, notified int, err error)
}

type (
	// Change is a change of content that somebody made.
	Change struct {
		Tags    []string `json:"tags" doc:"The tags of the content that changed." example:"[\"order.42\"]" minItems:"1" maxItems:"1000"`
		Author  *Author  `json:"author,omitempty" doc:"Who changed it: their other tabs can tell it from a change of somebody else's."`
		Tab     string   `json:"tab,omitempty" doc:"The page that made the change, as its client names itself: it is not told." maxLength:"64"`
		Version string   `json:"version,omitempty" doc:"The version that the content has now." example:"7" maxLength:"256"`
		Fields  []string `json:"fields,omitempty" doc:"What of it changed." example:"[\"status\"]" maxItems:"200"`
	}
	// Author is who made a change.
	Author struct {
		ID   string `json:"id" doc:"The user's id." example:"42" minLength:"1"`
		Name string `json:"name,omitempty" doc:"The name that others see." example:"Ann Miller"`
	}
	// ChangeAnswer says what became of a change.
	ChangeAnswer struct {
		Change   string `json:"change" doc:"The id of the change: events of all its tags carry it."`
		Notified int    `json:"notified" doc:"How many watchers were told." example:"2"`
	}
	changeInput  struct{ Body Change }
	changeOutput struct{ Body ChangeAnswer }
)

func (a *API) addContent() {
	register(a, operation{
		scope:       ScopeContent,
		method:      http.MethodPost,
		path:        "content/changed",
		id:          "content-changed",
		summary:     "Say that content has changed",
		description: "Everyone who watches one of the tags is told that what they see is outdated; a tag that nobody watches costs nothing.",
		request:     raw(`{"tags":["order.42"],"author":{"id":"42","name":"Ann Miller"},"version":"7","fields":["status"]}`),
	}, func(ctx context.Context, in *changeInput) (*changeOutput, error) {
		var out changeOutput
		var err error
		out.Body.Change, out.Body.Notified, err = a.options.Content.Changed(ctx, in.Body)
		return &out, err
	})
}
