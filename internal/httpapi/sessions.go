package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Sessions lists and ends sessions.
type Sessions interface {
	// Sessions lists sessions, oldest first. total is the number without the limit.
	Sessions(q SessionQuery) (sessions []Session, total int)
	// KillUser ends all sessions of a user with GOODBYE, and returns their number.
	KillUser(user, message string) int
	// Kill ends a session with GOODBYE, and reports whether the session existed.
	Kill(id wamp.ID, message string) bool
	// LogOut takes all logins by cookie of a user back, ends the user's sessions, and returns the numbers of both.
	LogOut(user, message string) (logins, sessions int)
}

// SessionQuery selects sessions.
type SessionQuery struct {
	User   string // "": all users
	Limit  int
	Topics bool // with what they subscribe to
}

// MaxSessionTopics is the number of topics that the list of sessions has for each of them.
const MaxSessionTopics = 100

// SessionTopic is one subscription of a session in a list.
type SessionTopic struct {
	Topic wamp.URI  `json:"topic" doc:"The topic or pattern." example:"order.42"`
	Match string    `json:"match" enum:"exact,prefix,wildcard" doc:"How it matches."`
	Since time.Time `json:"since" doc:"Since when it subscribes, to the minute."`
}

// maxMessageBytes bounds the message for a session that is ended: 500 characters.
const maxMessageBytes = 2000

// Session is one client that has joined.
type Session struct {
	ID         wamp.ID   `json:"id" doc:"The session's id." example:"4711815442389120"`
	User       string    `json:"user" doc:"The user's id; an API key's name for a backend." example:"42"`
	Name       string    `json:"name,omitempty" example:"Ann Miller"`
	Roles      []string  `json:"roles" example:"[\"staff\"]"`
	Tenant     string    `json:"tenant,omitempty" example:"acme"`
	Method     string    `json:"method" doc:"How it authenticated." example:"ticket"`
	Backend    bool      `json:"backend" doc:"Whether it authenticated with an API key."`
	Tab        string    `json:"tab,omitempty" doc:"The page's identity, which outlives its sessions."`
	Connection uint64    `json:"connection,omitzero" doc:"The number of its connection. Sessions with the same number share one: they are tabs of one browser." example:"17"`
	Address    string    `json:"address" doc:"The address it came from." example:"192.0.2.7"`
	UserAgent  string    `json:"user_agent,omitempty"`
	Joined     time.Time `json:"joined"`
	Ends       time.Time `json:"ends,omitzero" doc:"When the session ends, unless it is renewed; missing if it has no end."`
	Encoding   string    `json:"encoding" doc:"The WebSocket subprotocol." example:"wamp.2.json"`
	Messages   int       `json:"queued_messages" doc:"Messages that wait to be written to the client."`
	Bytes      int       `json:"queued_bytes" doc:"Bytes that wait to be written to the client."`
	Skipped    uint64    `json:"skipped_events" doc:"Events that the client did not get because it did not keep up."`
	Behind     time.Time `json:"behind_since,omitzero" doc:"Since when the client does not keep up; missing if it does."`
	Thinned    bool      `json:"thinned" doc:"Whether events are being skipped for the client."`

	Subscriptions int            `json:"subscriptions" doc:"How many subscriptions it holds." example:"3"`
	Topics        []SessionTopic `json:"topics,omitempty" doc:"What it subscribes to, with topics=true: the oldest 100 subscriptions."`
}

type (
	// SessionsAnswer is a list of sessions with their total number.
	SessionsAnswer struct {
		Sessions []Session `json:"sessions"`
		Total    int       `json:"total" doc:"How many there are, listed or not."`
	}
	sessionsInput struct {
		User  string `query:"user" doc:"Only the sessions of this user."`
		Limit int    `query:"limit" doc:"How many to list at most." default:"1000" minimum:"1" maximum:"10000"`

		Topics bool `query:"topics" doc:"List also what each session subscribes to."`
	}
	sessionsOutput struct{ Body SessionsAnswer }
	killInput      struct {
		ID      int64  `path:"id" doc:"The session's id." minimum:"1" maximum:"9007199254740992"`
		Message string `query:"message" doc:"What the client is told." maxLength:"500"`
	}
)

type (
	// EndedAnswer says how many sessions were ended.
	EndedAnswer struct {
		Sessions int `json:"sessions" doc:"How many sessions were ended."`
	}
	killUserInput struct {
		User    string `query:"user" required:"true" doc:"The user's id; an API key's name for a backend." minLength:"1" maxLength:"256"`
		Message string `query:"message" doc:"What the clients are told." maxLength:"500"`
	}
	killUserOutput struct{ Body EndedAnswer }

	// LogoutAnswer says what a logout has ended.
	LogoutAnswer struct {
		Logins   int `json:"logins" doc:"How many browsers can no longer log in by their cookie."`
		Sessions int `json:"sessions" doc:"How many sessions were ended."`
	}
	logoutInput struct {
		User    string `query:"user" required:"true" doc:"The user's id." minLength:"1" maxLength:"256"`
		Message string `query:"message" doc:"What the clients are told." maxLength:"500"`
	}
	logoutOutput struct{ Body LogoutAnswer }
)

func (a *API) addLogout() {
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodDelete,
		Path:        "logins",
		ID:          "log-out",
		Summary:     "Log a user out everywhere",
		Description: "Takes all logins by cookie of the user back, also those of browsers without an open page, and ends the user's sessions. A ticket that your application has issued stays valid.",
	}, func(_ context.Context, in *logoutInput) (*logoutOutput, error) {
		if err := text.Check("query.message", in.Message, maxMessageBytes); err != nil {
			return nil, NewProblem(http.StatusUnprocessableEntity, "%s", err)
		}
		var out logoutOutput
		out.Body.Logins, out.Body.Sessions = a.options.Sessions.LogOut(in.User, in.Message)
		return &out, nil
	})
}

func (a *API) addSessions() {
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodGet,
		Path:        "sessions",
		ID:          "list-sessions",
		Summary:     "List who is connected",
		Description: "The sessions that are joined at the moment, oldest first.",
	}, func(_ context.Context, in *sessionsInput) (*sessionsOutput, error) {
		var out sessionsOutput
		out.Body.Sessions, out.Body.Total = a.options.Sessions.Sessions(SessionQuery{User: in.User, Limit: in.Limit, Topics: in.Topics})
		return &out, nil
	})
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodDelete,
		Path:        "sessions",
		ID:          "end-sessions",
		Summary:     "End all sessions of a user",
		Description: "Each client gets GOODBYE with wamp.close.killed and the message, and its connection closes. Logins by cookie stay valid; to end these, too, log the user out.",
	}, func(_ context.Context, in *killUserInput) (*killUserOutput, error) {
		if err := text.Check("query.message", in.Message, maxMessageBytes); err != nil {
			return nil, NewProblem(http.StatusUnprocessableEntity, "%s", err)
		}
		var out killUserOutput
		out.Body.Sessions = a.options.Sessions.KillUser(in.User, in.Message)
		return &out, nil
	})
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodDelete,
		Path:        "sessions/{id}",
		ID:          "end-session",
		Status:      http.StatusNoContent,
		Summary:     "End a session",
		Description: "The client gets GOODBYE with wamp.close.killed and the message, and its connection closes.",
		Errors:      []int{http.StatusNotFound},
	}, func(_ context.Context, in *killInput) (*struct{}, error) {
		if err := text.Check("query.message", in.Message, maxMessageBytes); err != nil {
			return nil, NewProblem(http.StatusUnprocessableEntity, "%s", err)
		}
		if !a.options.Sessions.Kill(wamp.ID(in.ID), in.Message) {
			return nil, NewProblem(http.StatusNotFound, "there is no session %d", in.ID)
		}
		return nil, nil
	})
}
