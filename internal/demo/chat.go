package demo

import (
	"context"

	tidings "github.com/tidings-io/tidings"
)

// handleChat refuses messages in the name of another user. It takes a handler, because rules do not see the payload.
func (d *Demo) handleChat() error {
	asPublisher := func(_ context.Context, r *tidings.Request) (*tidings.Payload, error) {
		var message struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		}
		if err := r.Payload.Decode(&message); err != nil {
			return nil, tidings.Refuse("the payload must be named arguments: %v", err)
		}
		if message.User.ID != r.Identity.ID && !r.Identity.Backend {
			return nil, tidings.Refuse("you are %q, not %q", r.Identity.ID, message.User.ID)
		}
		return nil, nil
	}
	for _, pattern := range []string{"chat.{room:slug}.message", "chat.{room:slug}.typing"} {
		if err := d.server.Handle(pattern, tidings.Handlers{Publish: asPublisher}); err != nil {
			return err
		}
	}
	return nil
}
