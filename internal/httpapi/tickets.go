package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Issuer issues one-time tickets.
type Issuer interface {
	// Issue signs a ticket for the user that t describes. An error for the backend is a *wamp.Failure.
	Issue(ctx context.Context, t Ticket) (ticket string, expires time.Time, err error)
}

// Ticket describes the user of a ticket.
type Ticket struct {
	User    string
	Name    string
	Roles   []string
	Tenant  string
	Claims  map[string]any
	TTL     time.Duration // 0: as configured
	Session time.Duration // 0: the session has no end
}

type (
	// TicketRequest describes the user of a ticket.
	TicketRequest struct {
		User    string         `json:"user" doc:"The user's id: rules see it as identity.id." example:"42" minLength:"1" maxLength:"256"`
		Name    string         `json:"name,omitempty" doc:"The name that others see." example:"Ann Miller" maxLength:"256"`
		Roles   []string       `json:"roles,omitempty" doc:"The user's roles; the first is the WAMP authrole." example:"[\"staff\"]" maxItems:"32"`
		Tenant  string         `json:"tenant,omitempty" doc:"The tenant that the user works in." example:"acme" maxLength:"128"`
		Claims  map[string]any `json:"claims,omitempty" doc:"Anything else that rules need, as identity.claims."`
		TTL     string         `json:"ttl,omitempty" doc:"How long the ticket can be used, as a duration; at most and by default as configured." example:"1m"`
		Session string         `json:"session,omitempty" doc:"How long the session lives that the ticket opens or renews, as a duration in whole seconds; without it the session has no end." example:"30m"`
	}
	// TicketAnswer is the ticket. Its holder can log in as the user, once.
	TicketAnswer struct {
		Ticket  string    `json:"ticket" doc:"The ticket: the browser gives it when it connects. It is accepted once." example:"eyJhbGciOiJIUzI1NiJ9..."`
		Expires time.Time `json:"expires" doc:"When it is no longer accepted."`
	}
	ticketInput  struct{ Body TicketRequest }
	ticketOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         TicketAnswer
	}
)

// maxTicketBody bounds the claims, which become Go values of many times their length. A ticket has 8 KiB at most.
const maxTicketBody = 64 << 10

func (a *API) addTickets() {
	Register(a, Operation{
		Scope:       ScopeTickets,
		Method:      http.MethodPost,
		Path:        "tickets",
		ID:          "issue-ticket",
		Status:      http.StatusCreated,
		Summary:     "Issue a one-time ticket",
		Description: "Your backend, which knows who is logged in, asks for a ticket and puts it into the page; the page connects with it. Each ticket is accepted once.",
		Errors:      []int{http.StatusNotImplemented},
		Request:     JSON(`{"user":"42","name":"Ann Miller","roles":["staff"],"tenant":"acme"}`),
		MaxBody:     maxTicketBody,
	}, a.issueTicket)
}

func (a *API) issueTicket(ctx context.Context, in *ticketInput) (*ticketOutput, error) {
	t := Ticket{User: in.Body.User, Name: in.Body.Name, Roles: in.Body.Roles, Tenant: in.Body.Tenant, Claims: in.Body.Claims}
	var err error
	if t.TTL, err = duration("body.ttl", in.Body.TTL); err != nil {
		return nil, err
	}
	if t.Session, err = duration("body.session", in.Body.Session); err != nil {
		return nil, err
	}
	ticket, expires, err := a.options.Issuer.Issue(ctx, t)
	if err != nil {
		return nil, err
	}
	// A ticket is a credential, and no cache may store it.
	return &ticketOutput{CacheControl: "no-store", Body: TicketAnswer{Ticket: ticket, Expires: expires}}, nil
}

// duration reads a field that is a duration or empty.
func duration(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, NewProblem(http.StatusUnprocessableEntity, "%s: %q is not a duration such as 1m", field, text)
	}
	return d, nil
}
