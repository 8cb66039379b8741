package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

type whoCommand struct {
	remote
	outputFlag
	paramFlags
	Topic string `arg:"" help:"Topic, such as order.42."`
	User  string `help:"Only the sessions of this user." placeholder:"ID"`
	Limit int    `help:"How many to list at most." default:"1000" placeholder:"N"`
}

// Help is shown by --help.
func (whoCommand) Help() string {
	return `Examples:
  tidings who order.42 --key demo
  tidings who order.42 --user ann
  tidings who user.ann.flash --json

Lists the sessions that get the events of a topic: those that subscribe to it, or to a pattern that matches it.`
}

// subscribersPage is a page of the HTTP API.
type subscribersPage struct {
	Topic       string            `json:"topic"`
	Contract    string            `json:"contract,omitempty"`
	Source      string            `json:"source,omitempty"`
	Undeclared  string            `json:"undeclared,omitempty"`
	Subscribers []json.RawMessage `json:"subscribers"`
	Total       int               `json:"total"`
	Next        *struct {
		Session      uint64 `json:"session"`
		Subscription uint64 `json:"subscription"`
	} `json:"next,omitempty"`
}

// whoPage is the number of subscribers that the command asks for at once.
const whoPage = 1000

// Run is called by kong.
func (c *whoCommand) Run(ctx context.Context, s streams) error {
	topic, err := c.name(c.Topic)
	if err != nil {
		return err
	}
	c.Topic = topic
	if c.Limit < 1 {
		return badUsage("--limit %d: list one at least", c.Limit)
	}
	found, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		found.Next = nil
		return printJSON(s.out, found)
	}
	return c.show(ctx, s, found)
}

// fetch reads page after page.
func (c *whoCommand) fetch(ctx context.Context) (*subscribersPage, error) {
	query := url.Values{"topic": {c.Topic}, "user": {c.User}}
	all := &subscribersPage{Subscribers: []json.RawMessage{}}
	for {
		query.Set("limit", strconv.Itoa(min(whoPage, c.Limit-len(all.Subscribers))))
		var page subscribersPage
		if err := c.request(ctx, http.MethodGet, "subscribers?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		page.Subscribers = append(all.Subscribers, page.Subscribers...)
		all = &page
		if page.Next == nil || len(page.Subscribers) >= c.Limit {
			return all, nil
		}
		query.Set("after_session", strconv.FormatUint(page.Next.Session, 10))
		query.Set("after_subscription", strconv.FormatUint(page.Next.Subscription, 10))
	}
}

func (c *whoCommand) show(ctx context.Context, s streams, found *subscribersPage) error {
	switch {
	case found.Undeclared != "":
		fmt.Fprintf(s.out, "%s\n", clean(found.Undeclared))
	case found.Source != "":
		fmt.Fprintf(s.out, "contract: %s (%s)\n", clean(found.Contract), clean(found.Source))
	default:
		fmt.Fprintf(s.out, "contract: %s (of the server)\n", clean(found.Contract))
	}
	if found.Total == 0 {
		return c.showNone(ctx, s)
	}
	list := newTable(s.out, "USER", "NAME", "SESSION", "SINCE", "ADDRESS", "SUBSCRIBED TO")
	for _, raw := range found.Subscribers {
		var one struct {
			Session                           uint64
			User, Name, Address, Topic, Match string
			Since                             time.Time
		}
		if err := json.Unmarshal(raw, &one); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		to := one.Topic
		if one.Match != "exact" {
			to += " (" + one.Match + ")"
		}
		list.row(one.User, one.Name, strconv.FormatUint(one.Session, 10), one.Since.Local().Format("2006-01-02 15:04"), one.Address, to)
	}
	if err := list.flush(); err != nil {
		return err
	}
	if hidden := found.Total - len(found.Subscribers); hidden > 0 {
		fmt.Fprintf(s.out, "and %d more\n", hidden)
	}
	return nil
}

// showNone says that there are no subscribers, and whether the user is connected at all.
func (c *whoCommand) showNone(ctx context.Context, s streams) error {
	if c.User == "" {
		fmt.Fprintln(s.out, "Nobody is subscribed.")
		return nil
	}
	var sessions struct{ Total int }
	if err := c.request(ctx, http.MethodGet, "sessions?limit=1&user="+url.QueryEscape(c.User), nil, &sessions); err != nil {
		return err
	}
	if sessions.Total == 0 {
		fmt.Fprintf(s.out, "%s is not connected.\n", clean(c.User))
		return nil
	}
	fmt.Fprintf(s.out, "%s is connected (%s), but not subscribed. What it subscribes to: tidings sessions --topics --user %s\n",
		clean(c.User), count(sessions.Total, "session"), clean(c.User))
	return nil
}
