package demo

import (
	"net/http"
	"slices"

	tidings "github.com/tidings-io/tidings"
)

// user is a made-up user of the demo.
type user struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
}

var users = []user{
	{ID: "ann", Name: "Ann Miller", Roles: []string{"staff"}},
	{ID: "ben", Name: "Ben Okafor", Roles: []string{"staff"}},
	{ID: "olga", Name: "Olga Petrova", Roles: []string{"operator", "staff"}}, // her page stays usable during maintenance
}

func userByID(id string) (user, bool) {
	at := slices.IndexFunc(users, func(u user) bool { return u.ID == id })
	if at < 0 {
		return user{}, false
	}
	return users[at], true
}

func (d *Demo) getUsers(http.ResponseWriter, *http.Request) (any, error) { return users, nil }

// postTicket issues a ticket for the user in the query. An application would take the user from its own session.
func (d *Demo) postTicket(_ http.ResponseWriter, r *http.Request) (any, error) {
	u, ok := userByID(r.URL.Query().Get("user"))
	if !ok {
		return nil, refuse(http.StatusNotFound, "there is no user %q", r.URL.Query().Get("user"))
	}
	ticket, err := d.server.IssueTicket(r.Context(), tidings.Grant{User: u.ID, Name: u.Name, Roles: u.Roles, Tenant: "demo"})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ticket": ticket.Ticket, "expires": ticket.Expires}, nil
}
