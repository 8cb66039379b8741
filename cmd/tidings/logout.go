package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

type logoutCommand struct {
	User string `arg:"" help:"Id of the user."`
	remote
	outputFlag
	Message string `help:"What the pages are told." placeholder:"TEXT"`
}

// Help is shown by --help.
func (logoutCommand) Help() string {
	return `Example:
  tidings logout ann --message "Your account was closed."

Ends the sessions of the user, and takes back all logins by cookie, also those of browsers without an open page. Tickets
that your application issues stay valid.`
}

// Run is called by kong.
func (c *logoutCommand) Run(ctx context.Context, s streams) error {
	query := url.Values{"user": {c.User}}
	if c.Message != "" {
		query.Set("message", c.Message)
	}
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodDelete, "logins?"+query.Encode(), nil, &raw); err != nil {
		return err
	}
	var answer struct{ Logins, Sessions int }
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "%s: %s ended, %s taken back\n", c.User, count(answer.Sessions, "session"), count(answer.Logins, "cookie login"))
	return err
}
