package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

type invalidateCommand struct {
	remote
	outputFlag
	User   string `help:"Only sessions of this user." placeholder:"ID"`
	Role   string `help:"Only sessions with this role." placeholder:"ROLE"`
	Tenant string `help:"Only sessions of this tenant." placeholder:"TENANT"`
}

// Help is shown by --help.
func (invalidateCommand) Help() string {
	return `Examples:
  tidings invalidate --user ann --key demo
  tidings invalidate --tenant acme --role staff

Call it when rights have changed. What the sessions have subscribed to and registered is asked about again, and only
what is refused now is taken away. Sessions that have everything that is named are selected.`
}

// Run is called by kong.
func (c *invalidateCommand) Run(ctx context.Context, s streams) error {
	selected := map[string]string{}
	for name, value := range map[string]string{"user": c.User, "role": c.Role, "tenant": c.Tenant} {
		if value != "" {
			selected[name] = value
		}
	}
	if len(selected) == 0 {
		return badUsage("nothing is selected: give --user, --role or --tenant")
	}
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodPost, "invalidate", selected, &raw); err != nil {
		return err
	}
	var answer struct{ Sessions, Kept, Revoked, Undecided int }
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d kept, %d taken away\n", count(answer.Sessions, "session"), answer.Kept, answer.Revoked)
	if answer.Undecided > 0 {
		fmt.Fprintf(s.err, "%d kept without a decision, because the authorizer or a handler did not answer: try again when it does\n", answer.Undecided)
	}
	return nil
}
