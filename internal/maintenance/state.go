package maintenance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxMessageRunes bounds what every page shows in a modal; more is a page of its own.
	maxMessageRunes = 2000
	// maxOperators bounds what every event carries along; use a role for more.
	maxOperators = 100
	// maxUserBytes is what a user id may have elsewhere too.
	maxUserBytes = 256
)

// State is the state of the site as pages get it.
type State struct {
	On            bool       `json:"on"`
	Message       string     `json:"message"`
	Since         *time.Time `json:"since"` // nil while off
	By            string     `json:"by"`    // who made the last change
	Operators     []string   `json:"operators"`
	OperatorRoles []string   `json:"operator_roles"` // as this node is configured; not stored
	Revision      int64      `json:"revision"`       // grows with each change, over restarts too
}

// Start is what turns maintenance on.
type Start struct {
	Message   string
	By        string
	Operators []string // ids of the users whose pages stay usable
}

func (s Start) check() error {
	if n := utf8.RuneCountInString(s.Message); n > maxMessageRunes {
		return wamp.Fail(wamp.ErrInvalidArgument, "the message has %d characters; at most %d are taken", n, maxMessageRunes)
	}
	lines := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !utf8.ValidString(s.Message) || strings.ContainsFunc(s.Message, lines) {
		return wamp.Fail(wamp.ErrInvalidArgument, "the message must be UTF-8 without control characters other than line breaks")
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
	if len(user) > maxUserBytes || !utf8.ValidString(user) || strings.ContainsFunc(user, unicode.IsControl) {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s must be UTF-8 of at most %d bytes without control characters", what, maxUserBytes)
	}
	return nil
}

// on gives the state after a start, which is the same state if nothing would change.
func (s State) on(start Start, now time.Time) State {
	operators := slices.Clone(start.Operators)
	slices.Sort(operators)
	operators = slices.Compact(operators)
	if s.On && s.Message == start.Message && slices.Equal(s.Operators, operators) {
		return s
	}
	since := s.Since // of a maintenance that goes on with another message
	if !s.On {
		at := now.UTC().Truncate(time.Second)
		since = &at
	}
	return State{On: true, Message: start.Message, Since: since, By: start.By, Operators: operators, Revision: s.next(now)}
}

func (s State) off(by string, now time.Time) State {
	if !s.On {
		return s
	}
	return State{By: by, Revision: s.next(now)}
}

// next is a revision that is higher than that of any state before, also of states that a store
// without a folder has forgotten: pages outlive the server.
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

// shown is the state as pages and callers get it: lists are never null, and belong to who gets them.
func (s State) shown(roles []string) State {
	s.Operators = append([]string{}, s.Operators...)
	s.OperatorRoles = append([]string{}, roles...)
	return s
}
