package demo

import (
	"net/http"
	"slices"
	"strings"

	tidings "github.com/tidings-io/tidings"
)

var levels = []string{"info", "success", "warning", "error"}

// postFlash publishes a message to all pages of one user.
func (d *Demo) postFlash(w http.ResponseWriter, r *http.Request) (any, error) {
	from, err := actingUser(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		To    string `json:"to"`
		Text  string `json:"text"`
		Level string `json:"level"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return nil, err
	}
	to, ok := userByID(in.To)
	switch in.Text = strings.TrimSpace(in.Text); {
	case !ok:
		return nil, refuse(http.StatusUnprocessableEntity, "to: there is no user %q", in.To)
	case in.Text == "" || len(in.Text) > maxNote:
		return nil, refuse(http.StatusUnprocessableEntity, "text: 1 to %d characters", maxNote)
	case in.Level == "":
		in.Level = "info"
	case !slices.Contains(levels, in.Level):
		return nil, refuse(http.StatusUnprocessableEntity, "level: one of %s", strings.Join(levels, ", "))
	}
	receipt, err := d.server.Realm().Publish(r.Context(), "user."+to.ID+".flash", tidings.Kwargs(map[string]any{
		"level": in.Level, "title": "Message from " + from.Name, "text": in.Text,
	}), nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"delivered": receipt.Deliveries}, nil
}
