//go:build !without_content

package tidings

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/server"
)

// Change is a change of content that a program or a user made: the tags of the content, such as
// "order.42", and, if known, the author, the page that made the change (which gets no event), the
// version that the content has now, and the fields that changed.
type Change = content.Change

// Author is the user that made a change.
type Author = content.Author

// ContentChanged sends an event to every page that watches one of the tags, and returns how many
// events it has sent.
func (s *Server) ContentChanged(ctx context.Context, c Change) (notified int, err error) {
	if ctx == nil {
		return 0, errNoContext
	}
	component, ok := server.Component[*content.Component](s.inner)
	if !ok {
		return 0, errNoContent
	}
	result, err := component.Changed(ctx, c)
	return result.Notified, publicError(err)
}

var errNoContent = errors.New("this server was built without content")
