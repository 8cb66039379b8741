package demo

import (
	"context"

	tidings "github.com/tidings-io/tidings"
)

// handleChat keeps people from talking in somebody else's name: what a rule cannot say, because it
// is about the payload, a handler can.
func (d *Demo) handleChat() error {
	asMyself := func(_ context.Context, r *tidings.Request) (*tidings.Payload, error) {
		var said struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		}
		if err := r.Payload.Decode(&said); err != nil {
			return nil, tidings.Refuse("the payload must be named arguments: %v", err)
		}
		if said.User.ID != r.Identity.ID && !r.Identity.Backend {
			return nil, tidings.Refuse("you are %q, not %q", r.Identity.ID, said.User.ID)
		}
		return nil, nil
	}
	for _, pattern := range []string{"chat.{room:slug}.message", "chat.{room:slug}.typing"} {
		if err := d.server.Handle(pattern, tidings.Handlers{Publish: asMyself}); err != nil {
			return err
		}
	}
	return nil
}
