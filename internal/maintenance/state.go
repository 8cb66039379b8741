package maintenance

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxMessageRunes bounds the message, which every page shows in a modal.
	maxMessageRunes = 2000
	// maxOperators bounds a list that every event repeats; a role covers more users.
	maxOperators = 100
	// maxUserBytes is the limit of user ids everywhere.
	maxUserBytes = 256
)

// State is the state of the site as pages get it.
type State struct {
	On            bool       `json:"on"`
	Message       string     `json:"message" doc:"What the pages show."`
	Since         *time.Time `json:"since" doc:"Since when it is on; null if it is off."`
	By            string     `json:"by" doc:"Who turned it on or off."`
	Operators     []string   `json:"operators" doc:"The users whose pages stay usable."`
	OperatorRoles []string   `json:"operator_roles" doc:"The roles whose pages stay usable, as configured."` // not stored
	Revision      int64      `json:"revision" doc:"Grows with each change."`
}

// Start is a request to turn maintenance on.
type Start struct {
	Message   string   `json:"message" doc:"What the pages show." example:"Back at 14:00" maxLength:"2000"`
	Operators []string `json:"operators,omitempty" doc:"Users whose pages stay usable." maxItems:"100"` // by id
	By        string   `json:"by,omitempty" doc:"Who does it; the API key's name if left out." maxLength:"256"`
}

// check returns a *[wamp.Failure] if pages could not show the request.
func (s Start) check() error {
	if n := utf8.RuneCountInString(s.Message); n > maxMessageRunes {
		return wamp.Fail(wamp.ErrInvalidArgument, "the message has %d characters; at most %d are taken", n, maxMessageRunes)
	}
	if !text.Printable(s.Message, "\n\t") {
		return wamp.Fail(wamp.ErrInvalidArgument, "the message must be UTF-8 in which every character is seen: it has a control character other than a line break, a direction mark, a zero-width space or the like")
	}
	if len(s.Operators) > maxOperators {
		return wamp.Fail(wamp.ErrInvalidArgument, "at most %d operators are taken, not %d: configure a role for them", maxOperators, len(s.Operators))
	}
	for _, user := range s.Operators {
		if user == "" {
			return wamp.Fail(wamp.ErrInvalidArgument, "an operator has no id")
		}
		if err := checkUser("an operator", user); err != nil {
			return err
		}
	}
	return checkUser("by", s.By)
}

func checkUser(what, user string) error {
	if err := text.Check(what, user, maxUserBytes); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s", err)
	}
	return nil
}

// on returns the state after a start: s itself if nothing changes.
func (s State) on(start Start, now time.Time) State {
	operators := slices.Clone(start.Operators)
	slices.Sort(operators)
	operators = slices.Compact(operators)
	if s.On && s.Message == start.Message && slices.Equal(s.Operators, operators) {
		return s
	}
	since := s.Since // if maintenance continues with another message
	if !s.On {
		at := now.UTC().Truncate(time.Second)
		since = &at
	}
	return State{On: true, Message: start.Message, Since: since, By: start.By, Operators: operators, Revision: s.next(now)}
}

// off returns the state after an end: s itself if maintenance is off.
func (s State) off(by string, now time.Time) State {
	if !s.On {
		return s
	}
	return State{By: by, Revision: s.next(now)}
}

// next returns a revision above that of every earlier state. It also exceeds states that a store in memory has
// lost, because pages outlive the server.
func (s State) next(now time.Time) int64 { return max(s.Revision+1, now.UnixMilli()) }

func decode(value []byte) (State, error) {
	var s State
	if err := json.Unmarshal(value, &s); err != nil {
		return State{}, fmt.Errorf("read the stored state: %w", err)
	}
	return s, nil
}

// encode writes the state for the store, or for pages.
func (s State) encode() ([]byte, error) {
	value, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	return value, nil
}

// shown returns the state for pages and callers: lists are never null, and are copies.
func (s State) shown(roles []string) State {
	s.Operators = append([]string{}, s.Operators...)
	s.OperatorRoles = append([]string{}, roles...)
	return s
}
