package oro

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxHash bounds the hash of a password. The column has 255 characters.
	maxHash = 1024
	// maxMemberships bounds the organizations and the roles of a user, and maxRole the length of a role.
	maxMemberships = 10_000
	maxRole        = 255
)

// Asker posts a JSON object to the application and returns its answer. Safe for concurrent use.
type Asker func(ctx context.Context, question []byte) (answer []byte, err error)

// Webhook finds users by asking the application.
type Webhook struct{ ask Asker }

// NewWebhook returns a webhook that asks by the given function.
func NewWebhook(ask Asker) *Webhook { return &Webhook{ask} }

type wireQuestion struct {
	Event string `json:"event"`
	Name  string `json:"name"`
}

type wireUser struct {
	ID            int64    `json:"id"`
	Username      string   `json:"username"`
	Password      string   `json:"password"`
	Enabled       *bool    `json:"enabled"`
	Organizations []int64  `json:"organizations"`
	Roles         []string `json:"roles"`
}

// Find implements [Users].
func (w *Webhook) Find(ctx context.Context, name string) (*User, error) {
	if !findable(name) {
		return nil, nil
	}
	question, err := json.Marshal(wireQuestion{Event: "oro_user", Name: name})
	if err != nil {
		return nil, fmt.Errorf("encode the question for the user: %w", err)
	}
	text, err := w.ask(ctx, question)
	if err != nil {
		return nil, err
	}
	user, err := decodeUser(text)
	if err != nil {
		return nil, fmt.Errorf("read the webhook's answer for the user: %w", err)
	}
	return user, nil
}

// decodeUser decodes an answer. Unlike other answers it has no members that may be left out or added: a wrong name
// would refuse all pages, or let disabled users in. No error has the password.
func decodeUser(text []byte) (*User, error) {
	answer := make(map[string]jsontext.Value, 1)
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, errors.New(`it is no JSON object such as {"user": null}`)
	}
	raw, ok := answer["user"]
	if !ok || len(answer) != 1 {
		return nil, errors.New(`it must have the member "user", null for an unknown user, and no other`)
	}
	if raw.Kind() == 'n' {
		return nil, nil
	}
	var wire wireUser
	if err := json.Unmarshal(raw, &wire, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("user: %s", whatIsWrong(err))
	}
	return wire.user()
}

// whatIsWrong returns what is wrong with a user, without its values.
func whatIsWrong(err error) string {
	wrong, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		return "it is no valid JSON"
	case errors.Is(err, json.ErrUnknownName):
		return fmt.Sprintf("unknown member %q; it has id, username, password, enabled, organizations and roles", wrong.JSONPointer)
	case wrong.JSONPointer == "":
		return "it must be an object, or null for an unknown user"
	default:
		return fmt.Sprintf("%q has the wrong type (%s)", wrong.JSONPointer, wrong.JSONKind)
	}
}

// user checks what was decoded.
func (w *wireUser) user() (*User, error) {
	switch {
	case w.ID <= 0:
		return nil, errors.New(`user: "id" must be a number from 1, the id in oro_user`)
	case !findable(w.Username):
		return nil, fmt.Errorf(`user: "username" must have 1 to %d characters`, maxName)
	case w.Password == "" || len(w.Password) > maxHash:
		return nil, fmt.Errorf(`user: "password" must be the stored hash, with 1 to %d bytes`, maxHash)
	case w.Enabled == nil:
		return nil, errors.New(`user: "enabled" must be true or false`)
	case len(w.Organizations) > maxMemberships || len(w.Roles) > maxMemberships:
		return nil, fmt.Errorf(`user: "organizations" and "roles" must have at most %d entries`, maxMemberships)
	case slices.ContainsFunc(w.Roles, func(role string) bool { return role == "" || utf8.RuneCountInString(role) > maxRole }):
		return nil, fmt.Errorf(`user: each of "roles" must have 1 to %d characters`, maxRole)
	}
	return &User{
		ID: w.ID, Username: w.Username, Password: w.Password, Enabled: *w.Enabled,
		Organizations: w.Organizations, Roles: w.Roles,
	}, nil
}

// Interface guards.
var _ Users = (*Webhook)(nil)
