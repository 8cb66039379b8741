package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

type reloadCommand struct {
	remote
	outputFlag
}

// Help is shown by --help.
func (reloadCommand) Help() string {
	return `Example:
  tidings check tidings.yaml && tidings reload

The server reads its configuration file again and applies what has changed, without closing a connection. It names what
needs a restart. With a mistake in the file nothing is applied, and the command ends with 1. The API key needs the scope
"reload". SIGHUP does the same, and the result is in the server's log.`
}

// reloadAnswer has the result of a reload.
type reloadAnswer struct {
	Applied, Restart         []string
	Warnings                 []flaw
	SessionsEnded            int `json:"sessions_ended"`
	Kept, Revoked, Undecided int
	Checking                 bool
}

// Run is called by kong.
func (c *reloadCommand) Run(ctx context.Context, s streams) error {
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodPost, "reload", nil, &raw); err != nil {
		return c.explainReload(s, err)
	}
	var answer reloadAnswer
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	_, err := fmt.Fprint(s.out, answer.text())
	return err
}

// explainReload prints the mistakes of the configuration as check does.
func (c *reloadCommand) explainReload(s streams, err error) error {
	var refused *refusedError
	if !errors.As(err, &refused) || len(refused.Flaws) == 0 {
		return err
	}
	if c.JSON {
		if err := printJSON(s.out, refused); err != nil {
			return err
		}
		return errReported
	}
	for _, f := range refused.Flaws {
		fmt.Fprintln(s.err, clean(f.String()))
	}
	return err
}

// text tells people what the server did.
func (a *reloadAnswer) text() string {
	var b strings.Builder
	if len(a.Applied)+len(a.Restart) == 0 {
		b.WriteString("no key has another value; files that the configuration names were read again\n")
	}
	if len(a.Applied) > 0 {
		fmt.Fprintf(&b, "applied: %s\n", strings.Join(a.Applied, ", "))
	}
	if len(a.Restart) > 0 {
		fmt.Fprintf(&b, "needs a restart: %s\n", strings.Join(a.Restart, ", "))
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", clean(w.String()))
	}
	if a.SessionsEnded > 0 {
		fmt.Fprintf(&b, "%s ended, because the way to log in is gone\n", count(a.SessionsEnded, "session"))
	}
	if a.Checking {
		b.WriteString("subscriptions and registrations are still being checked; the server's log has the result\n")
	} else {
		fmt.Fprintf(&b, "subscriptions and registrations: %d kept, %d taken away, %d without a decision\n", a.Kept, a.Revoked, a.Undecided)
	}
	return b.String()
}
