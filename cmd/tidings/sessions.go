package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type sessionsCommand struct {
	remote
	outputFlag
	User string  `help:"Only the sessions of this user." placeholder:"ID"`
	Kill *uint64 `help:"End the session with this id." placeholder:"ID"`
}

// Help is shown by --help.
func (sessionsCommand) Help() string {
	return `Examples:
  tidings sessions --key demo
  tidings sessions --user ann --json
  tidings sessions --kill 4711815442389120`
}

// Run is called by kong.
func (c *sessionsCommand) Run(ctx context.Context, s streams) error {
	if c.Kill != nil {
		return c.kill(ctx, s)
	}
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodGet, "sessions?user="+url.QueryEscape(c.User), nil, &raw); err != nil {
		return err
	}
	var answer struct {
		Sessions []struct {
			ID       uint64    `json:"id"`
			User     string    `json:"user"`
			Name     string    `json:"name"`
			Roles    []string  `json:"roles"`
			Address  string    `json:"address"`
			Joined   time.Time `json:"joined"`
			Encoding string    `json:"encoding"`
			Messages int       `json:"queued_messages"`
			Bytes    int       `json:"queued_bytes"`
			Skipped  uint64    `json:"skipped_events"`
			Behind   time.Time `json:"behind_since"`
			Thinned  bool      `json:"thinned"`
		} `json:"sessions"`
		Total int `json:"total"`
	}
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	list := newTable(s.out, "SESSION", "USER", "NAME", "ROLES", "ADDRESS", "JOINED", "ENCODING", "QUEUED", "SKIPPED", "BEHIND SINCE")
	for _, session := range answer.Sessions {
		list.row(strconv.FormatUint(session.ID, 10), session.User, session.Name, strings.Join(session.Roles, ","),
			session.Address, session.Joined.Local().Format("2006-01-02 15:04:05"), session.Encoding,
			queued(session.Messages, session.Bytes), strconv.FormatUint(session.Skipped, 10), behind(session.Behind, session.Thinned))
	}
	if err := list.flush(); err != nil {
		return err
	}
	if hidden := answer.Total - len(answer.Sessions); hidden > 0 {
		fmt.Fprintf(s.out, "and %d more\n", hidden)
	}
	return nil
}

// queued describes what waits for a client.
func queued(messages, bytes int) string {
	if messages == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%d bytes)", messages, bytes)
}

// behind tells since when a client does not keep up, and whether it gets fewer events.
func behind(since time.Time, thinned bool) string {
	text := "-"
	if !since.IsZero() {
		text = since.Local().Format("2006-01-02 15:04:05")
	}
	if thinned {
		text += " thinned"
	}
	return text
}

func (c *sessionsCommand) kill(ctx context.Context, s streams) error {
	id := strconv.FormatUint(*c.Kill, 10)
	if err := c.request(ctx, http.MethodDelete, "sessions/"+id, nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, map[string]any{"ended": c.Kill})
	}
	fmt.Fprintf(s.out, "session %s is ended\n", id)
	return nil
}
