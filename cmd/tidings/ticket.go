package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type ticketCommand struct {
	remote
	outputFlag
	User    string            `help:"Id of the user." required:"" placeholder:"ID"`
	Name    string            `help:"Name that others see." placeholder:"NAME"`
	Role    []string          `help:"Role; repeat for more." placeholder:"ROLE"`
	Tenant  string            `help:"Tenant that the user works in." placeholder:"TENANT"`
	Claim   map[string]string `help:"Further claim for rules; repeat for more." placeholder:"NAME=VALUE"`
	TTL     time.Duration     `name:"ttl" help:"How long the ticket can be used; as configured if left out." placeholder:"DURATION"`
	Session time.Duration     `help:"How long the session lives, such as 30m; without end if left out." placeholder:"DURATION"`
}

// Help is shown by --help.
func (ticketCommand) Help() string {
	return `Example:
  tidings ticket --user 42 --name "Ann Miller" --role staff --key demo

Prints the ticket and nothing else. It is accepted once.`
}

// Run is called by kong.
func (c *ticketCommand) Run(ctx context.Context, s streams) error {
	if c.User == "" {
		return badUsage("--user is empty: give the id of the user whom the ticket is for")
	}
	request := map[string]any{"user": c.User}
	if c.Name != "" {
		request["name"] = c.Name
	}
	if len(c.Role) > 0 {
		request["roles"] = c.Role
	}
	if c.Tenant != "" {
		request["tenant"] = c.Tenant
	}
	if len(c.Claim) > 0 {
		claims := map[string]any{}
		for name, value := range c.Claim {
			claims[name] = valueOf(value)
		}
		request["claims"] = claims
	}
	if c.TTL > 0 {
		request["ttl"] = c.TTL.String()
	}
	if c.Session != 0 {
		request["session"] = c.Session.String()
	}
	var answer struct {
		Ticket  string    `json:"ticket"`
		Expires time.Time `json:"expires"`
	}
	if err := c.request(ctx, http.MethodPost, "tickets", request, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, answer)
	}
	_, err := fmt.Fprintln(s.out, answer.Ticket)
	return err
}
