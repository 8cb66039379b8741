package tidings

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidings-io/tidings/client"
)

// FlashLevel selects the color and the icon of a [Flash].
type FlashLevel string

// The levels. An empty level is info.
const (
	FlashInfo    FlashLevel = "info"
	FlashSuccess FlashLevel = "success"
	FlashWarning FlashLevel = "warning"
	FlashError   FlashLevel = "error"
)

// Flash is a short message to one user, which the SDK's watchFlash shows.
type Flash struct {
	Level FlashLevel
	Title string
	Text  string
	Href  string // an http or https address, or a path; ""
	Topic string // "": user.{user}.flash, where watchFlash looks
}

// Flash publishes a message to all pages of a user. Its topic must be declared, as every other topic. The Deliveries of
// the receipt are the pages that it was sent to.
func (s *Server) Flash(ctx context.Context, user string, f Flash) (Receipt, error) {
	if err := f.check(user); err != nil {
		return Receipt{}, err
	}
	topic := f.Topic
	if topic == "" {
		var err error
		if topic, err = client.Topic("user.{user}.flash", map[string]string{"user": user}); err != nil {
			return Receipt{}, err
		}
	}
	kwargs := map[string]any{"level": string(f.Level), "text": f.Text}
	if f.Level == "" {
		kwargs["level"] = string(FlashInfo)
	}
	if f.Title != "" {
		kwargs["title"] = f.Title
	}
	if f.Href != "" {
		kwargs["href"] = f.Href
	}
	receipt, err := s.Realm().Publish(ctx, topic, Kwargs(kwargs), nil)
	if err != nil {
		return receipt, fmt.Errorf("flash to %s: %w", user, err)
	}
	return receipt, nil
}

func (f *Flash) check(user string) error {
	wrong := ""
	isAddress := strings.HasPrefix(f.Href, "https://") || strings.HasPrefix(f.Href, "http://") || strings.HasPrefix(f.Href, "/")
	switch {
	case user == "" && f.Topic == "":
		wrong = "user is empty: name the user, or a topic"
	case f.Text == "" && f.Title == "":
		wrong = "a flash needs a text or a title"
	case f.Href != "" && !isAddress:
		wrong = fmt.Sprintf("href is %q: want an http or https address, or a path that begins with /", f.Href)
	}
	switch f.Level {
	case "", FlashInfo, FlashSuccess, FlashWarning, FlashError:
	default:
		wrong = fmt.Sprintf("level is %q: want info, success, warning or error", f.Level)
	}
	if wrong == "" {
		return nil
	}
	return &Error{URI: string(client.ErrInvalidArgument), Message: wrong}
}
