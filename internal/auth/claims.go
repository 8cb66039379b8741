package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
)

// The limits of a ticket's claims, which are kept for the life of the session.
const (
	maxUserBytes   = 256
	maxJTIBytes    = 128
	maxRoles       = 32
	maxRoleBytes   = 128
	maxTenantBytes = 128
	maxTitleBytes  = 256 // of the display name
)

// claims is the payload of a ticket (RFC 7519, section 4, and names of Tidings).
type claims struct {
	jwt.RegisteredClaims
	Name   string   `json:"name,omitempty"`
	Roles  []string `json:"roles,omitempty"`
	Tenant string   `json:"tenant,omitempty"`
	Extra  claimMap `json:"claims,omitempty"`
	// Session is the life of the session in seconds, an int64; nil: it has no end. The type is open, so that check can
	// say what is wrong with another value.
	Session any `json:"session,omitempty"`
}

// claimMap holds the claims that only rules look at.
type claimMap map[string]any

// check returns an error if the claims are incomplete or exceed a limit. It applies to tickets of this server and
// of the application.
func (c *claims) check() error {
	switch {
	case c.Subject == "":
		return errors.New("the user (sub) is missing")
	case c.ID == "":
		return errors.New("the ticket's id (jti) is missing")
	}
	_, err := sessionLife(c.Session)
	return errors.Join(text.Check("the ticket's id (jti)", c.ID, maxJTIBytes), c.checkUser(), err)
}

// checkUser is the part of check that also applies to users without a ticket.
func (c *claims) checkUser() error {
	if len(c.Roles) > maxRoles {
		return fmt.Errorf("at most %d roles are taken, not %d", maxRoles, len(c.Roles))
	}
	problems := []error{
		text.Check("the user (sub)", c.Subject, maxUserBytes),
		text.Check("the name", text.Clean(c.Name), maxTitleBytes),
		text.Check("the tenant", c.Tenant, maxTenantBytes),
	}
	for _, role := range c.Roles {
		if role == "" {
			problems = append(problems, errors.New("a role is empty"))
		}
		problems = append(problems, text.Check("a role", role, maxRoleBytes))
	}
	return errors.Join(problems...)
}

func (c *claims) identity() *peer.Identity {
	name := text.Clean(c.Name)
	if name == "" {
		name = c.Subject
	}
	return &peer.Identity{
		ID: c.Subject, Name: name, Roles: c.Roles, Tenant: c.Tenant, Claims: normalizeNumbers(c.Extra),
		Method: "ticket", Provider: "ticket",
	}
}

// normalizeNumbers converts the numbers of decoded JSON to int64 if they are integers, and to float64 otherwise.
// Rules compare ids, and a float64 cannot hold every id.
func normalizeNumbers(object map[string]any) map[string]any {
	for key, value := range object {
		object[key] = normalizeNumber(value)
	}
	return object
}

func normalizeNumber(value any) any {
	switch v := value.(type) {
	case json.Number:
		return parseNumber(v.String())
	case map[string]any:
		return normalizeNumbers(v)
	case []any:
		for i := range v {
			v[i] = normalizeNumber(v[i])
		}
	}
	return value
}

func parseNumber(number string) any {
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		return whole
	}
	float, _ := strconv.ParseFloat(number, 64) // infinite beyond the range, which compares correctly
	return float
}
