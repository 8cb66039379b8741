package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

type sessionsCommand struct {
	remote
	outputFlag
	User    string   `help:"Only the sessions of this user." placeholder:"ID"`
	Topics  bool     `help:"Show what each session subscribes to."`
	Kill    killFlag `help:"End the session with this id, or all of --user." placeholder:"ID"`
	Message string   `help:"What the pages are told." placeholder:"TEXT"`
	Yes     bool     `help:"End sessions of --user without asking."`
	ID      string   `arg:"" optional:"" help:"With --kill: the id of the session."`
}

// Help is shown by --help.
func (sessionsCommand) Help() string {
	return `Examples:
  tidings sessions --key demo
  tidings sessions --user ann --topics
  tidings sessions --user ann --json
  tidings sessions --kill 4711815442389120
  tidings sessions --user ann --kill --message "Please log in again"

At a terminal, ending all sessions of a user is asked for. Elsewhere it needs --yes.`
}

// killFlag is --kill, --kill=ID, or --kill with the ID as the next word.
type killFlag struct {
	given bool
	id    string
}

// IsBool tells kong that the flag needs no value.
func (killFlag) IsBool() bool { return true }

// Decode implements [kong.MapperValue].
func (k *killFlag) Decode(ctx *kong.DecodeContext) error { //nolint:unparam // the interface has the error
	k.given = true
	if token := ctx.Scan.Peek(); token.Type == kong.FlagValueToken {
		k.id = ctx.Scan.Pop().String()
	}
	return nil
}

// Run is called by kong.
func (c *sessionsCommand) Run(ctx context.Context, s streams) error {
	id := cmp.Or(c.Kill.id, c.ID)
	switch {
	case c.ID != "" && (!c.Kill.given || c.Kill.id != ""):
		return badUsage("unexpected argument %s", c.ID)
	case id != "" && c.User != "":
		return badUsage("give either the id of a session or --user, not both")
	case c.Kill.given && id == "" && c.User == "":
		return badUsage("--kill needs the id of a session, or --user ID for all sessions of a user")
	case id != "":
		return c.kill(ctx, s, id)
	case c.Kill.given:
		return c.killUser(ctx, s)
	}
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodGet, "sessions?"+c.query().Encode(), nil, &raw); err != nil {
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

			Subscriptions int            `json:"subscriptions"`
			Topics        []sessionTopic `json:"topics"`
		} `json:"sessions"`
		Total int `json:"total"`
	}
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	if answer.Total == 0 {
		fmt.Fprintln(s.out, c.none())
		return nil
	}
	list := newTable(s.out, "SESSION", "USER", "NAME", "ROLES", "ADDRESS", "JOINED", "ENCODING", "TOPICS", "QUEUED", "SKIPPED", "BEHIND SINCE")
	for _, session := range answer.Sessions {
		list.row(strconv.FormatUint(session.ID, 10), session.User, session.Name, strings.Join(session.Roles, ","),
			session.Address, session.Joined.Local().Format("2006-01-02 15:04:05"), session.Encoding, strconv.Itoa(session.Subscriptions),
			queued(session.Messages, session.Bytes), strconv.FormatUint(session.Skipped, 10), behind(session.Behind, session.Thinned))
		for _, held := range session.Topics {
			list.note(held.String())
		}
		if more := session.Subscriptions - len(session.Topics); c.Topics && more > 0 {
			list.note(fmt.Sprintf("and %d more", more))
		}
	}
	if err := list.flush(); err != nil {
		return err
	}
	if hidden := answer.Total - len(answer.Sessions); hidden > 0 {
		fmt.Fprintf(s.out, "and %d more\n", hidden)
	}
	return nil
}

// none says that there is no session to list.
func (c *sessionsCommand) none() string {
	if c.User != "" {
		return clean(c.User) + " is not connected."
	}
	return "No client is connected."
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

// sessionTopic is one subscription of a session.
type sessionTopic struct {
	Topic string    `json:"topic"`
	Match string    `json:"match"`
	Since time.Time `json:"since"`
}

func (t sessionTopic) String() string {
	match := ""
	if t.Match != "exact" {
		match = " (" + t.Match + ")"
	}
	return t.Topic + match + " since " + t.Since.Local().Format("2006-01-02 15:04")
}

// query selects the sessions of the list.
func (c *sessionsCommand) query() url.Values {
	query := url.Values{"user": {c.User}}
	if c.Topics {
		query.Set("topics", "true")
	}
	return query
}

func (c *sessionsCommand) kill(ctx context.Context, s streams, text string) error {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return badUsage("--kill %s: the id of a session is a number", text)
	}
	query := url.Values{"message": {c.Message}}
	if err := c.request(ctx, http.MethodDelete, fmt.Sprintf("sessions/%d?%s", id, query.Encode()), nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, map[string]any{"ended": id})
	}
	fmt.Fprintf(s.out, "session %d is ended\n", id)
	return nil
}

// killUser ends all sessions of a user, once it was confirmed.
func (c *sessionsCommand) killUser(ctx context.Context, s streams) error {
	if !c.Yes {
		var found struct{ Total int }
		if err := c.request(ctx, http.MethodGet, "sessions?limit=1&user="+url.QueryEscape(c.User), nil, &found); err != nil {
			return err
		}
		if err := confirm(s, fmt.Sprintf("End %s of %s?", count(found.Total, "session"), clean(c.User))); err != nil {
			return err
		}
	}
	var raw json.RawMessage
	query := url.Values{"user": {c.User}, "message": {c.Message}}
	if err := c.request(ctx, http.MethodDelete, "sessions?"+query.Encode(), nil, &raw); err != nil {
		return err
	}
	var answer struct{ Sessions int }
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %s ended\n", clean(c.User), count(answer.Sessions, "session"))
	return nil
}

// errNotConfirmed ends a command that was not confirmed.
var errNotConfirmed = errors.New("nothing was done")

// confirm asks at a terminal, and returns an error unless the answer is yes. Elsewhere there is no answer.
func confirm(s streams, question string) error {
	file, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return badUsage("%s Standard input is no terminal: give --yes", question)
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errNotConfirmed
	}
	return nil
}
