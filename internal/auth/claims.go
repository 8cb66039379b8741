package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/router"
)

// What a ticket may say. Everything in it is kept for as long as the session lives.
const (
	maxUserBytes   = 256
	maxJTIBytes    = 128
	maxRoles       = 32
	maxRoleBytes   = 128
	maxTenantBytes = 128
	maxTitleBytes  = 256 // of the display name
)

// claims is the payload of a ticket (RFC 7519, section 4, and our own names).
type claims struct {
	jwt.RegisteredClaims
	Name   string         `json:"name,omitempty"`
	Roles  []string       `json:"roles,omitempty"`
	Tenant string         `json:"tenant,omitempty"`
	Extra  map[string]any `json:"claims,omitempty"`
}

// check says what is wrong with who the ticket is for. It holds for tickets that we make and for
// tickets that the application made.
func (c *claims) check() error {
	switch {
	case c.Subject == "":
		return errors.New("the user (sub) is missing")
	case c.ID == "":
		return errors.New("the ticket's id (jti) is missing")
	}
	return errors.Join(checkText("the ticket's id (jti)", c.ID, maxJTIBytes), c.checkPerson())
}

// checkPerson is the part of check that holds for a user, too, who is not known from a ticket.
func (c *claims) checkPerson() error {
	if len(c.Roles) > maxRoles {
		return fmt.Errorf("at most %d roles are taken, not %d", maxRoles, len(c.Roles))
	}
	problems := []error{
		checkText("the user (sub)", c.Subject, maxUserBytes),
		checkText("the name", c.Name, maxTitleBytes),
		checkText("the tenant", c.Tenant, maxTenantBytes),
	}
	for _, role := range c.Roles {
		if role == "" {
			problems = append(problems, errors.New("a role is empty"))
		}
		problems = append(problems, checkText("a role", role, maxRoleBytes))
	}
	return errors.Join(problems...)
}

// checkText refuses what would be a burden or a trick where it is shown: too much, no UTF-8, and
// characters that are not seen.
func checkText(what, text string, most int) error {
	if len(text) > most {
		return fmt.Errorf("%s has %d bytes; at most %d are taken", what, len(text), most)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%s must be UTF-8 without control characters", what)
	}
	return nil
}

func (c *claims) identity() *router.Identity {
	name := c.Name
	if name == "" {
		name = c.Subject
	}
	return &router.Identity{
		ID: c.Subject, Name: name, Roles: c.Roles, Tenant: c.Tenant, Claims: numbers(c.Extra),
		Method: "ticket", Provider: "ticket",
	}
}

// numbers turns the numbers of decoded JSON into int64 where they are whole, float64 elsewhere:
// rules compare ids, and ids do not survive being floats.
func numbers(object map[string]any) map[string]any {
	for key, value := range object {
		object[key] = number(value)
	}
	return object
}

func number(value any) any {
	switch v := value.(type) {
	case json.Number:
		return numberOf(v.String())
	case map[string]any:
		return numbers(v)
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
	}
	return value
}

func numberOf(text string) any {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole
	}
	float, _ := strconv.ParseFloat(text, 64) // beyond the range it is infinite, which compares as it should
	return float
}
