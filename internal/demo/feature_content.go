//go:build !without_content

package demo

import (
	"context"
	_ "embed"
	"strconv"

	tidings "github.com/tidings-io/tidings"
)

//go:embed content.yaml
var contentYAML string

func init() {
	sections = append(sections, contentYAML)
	tellChange = func(ctx context.Context, s *tidings.Server, c orderChange) error {
		_, err := s.ContentChanged(ctx, tidings.Change{
			Tags:    []string{"order." + strconv.Itoa(c.order.ID)},
			Author:  &tidings.Author{ID: c.author.ID, Name: c.author.Name},
			Tab:     c.tab,
			Version: strconv.Itoa(c.order.Version),
			Fields:  c.fields,
		})
		return err
	}
}
