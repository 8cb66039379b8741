package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultDynamicTimeout is half of what a client may take to join: the rest is the client's.
	DefaultDynamicTimeout = 5 * time.Second
	// DefaultDynamicInFlight bounds the questions that strangers can cause at a time.
	DefaultDynamicInFlight = 64

	// maxReasonBytes bounds what a refusal may tell the client.
	maxReasonBytes = 500
	// maxHelloBytes bounds what of a client's HELLO is passed on to the application.
	maxHelloBytes = 16 << 10

	providerDynamic = "dynamic"
)

// Oracle is somebody of the application who knows its users: a webhook or a procedure. Questions and
// answers are JSON objects. It must end when ctx does.
type Oracle interface {
	Exchange(ctx context.Context, question []byte) (answer []byte, err error)
}

// DynamicMethods are the methods that an [Oracle] can be asked about.
func DynamicMethods() []string {
	return []string{methodCryptosign, methodSCRAM, methodCRA, methodTicket}
}

// DynamicOptions configure a [Dynamic]. Oracle is needed, everything else works as zero value.
type DynamicOptions struct {
	Oracle      Oracle
	Methods     []string // nil: all of DynamicMethods
	Timeout     time.Duration
	MaxInFlight int
	Logger      *slog.Logger
}

// Dynamic asks the application about users whom the configuration does not have. What the
// application says is compared here: it never sees whether a proof was right.
type Dynamic struct {
	options DynamicOptions
	slots   chan struct{} // one for each open question
	failing atomic.Bool   // so that only changes are logged
}

// NewDynamic makes a dynamic authenticator.
func NewDynamic(options DynamicOptions) *Dynamic {
	if options.Methods == nil {
		options.Methods = DynamicMethods()
	}
	if options.Timeout <= 0 {
		options.Timeout = DefaultDynamicTimeout
	}
	if options.MaxInFlight <= 0 {
		options.MaxInFlight = DefaultDynamicInFlight
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Dynamic{options: options, slots: make(chan struct{}, options.MaxInFlight)}
}

func (d *Dynamic) takes(method string) bool {
	return d != nil && slices.Contains(d.options.Methods, method)
}

// loginQuestion is what the application is asked. What it holds is documented for users; it may grow,
// never shrink.
type loginQuestion struct {
	Method  string    `json:"method"`
	Realm   wamp.URI  `json:"realm"`
	AuthID  string    `json:"authid"`
	Ticket  string    `json:"ticket,omitempty"` // of the method ticket
	Session wamp.ID   `json:"session"`
	Address string    `json:"address"`
	Origin  string    `json:"origin"`
	TLS     bool      `json:"tls"`
	Details wamp.Dict `json:"details"` // of HELLO
}

// loginAnswer is what it says.
type loginAnswer struct {
	Allow    *bool  `json:"allow"`
	Reason   string `json:"reason"`
	Identity struct {
		ID     string         `json:"id"`
		Name   string         `json:"name"`
		Roles  []string       `json:"roles"`
		Tenant string         `json:"tenant"`
		Claims map[string]any `json:"claims"`
	} `json:"identity"`
	CRA *struct {
		Key        string `json:"key"`
		Salt       string `json:"salt"`
		Iterations int    `json:"iterations"`
		KeyLen     int    `json:"keylen"`
	} `json:"wampcra"`
	SCRAM *struct {
		Salt       string `json:"salt"`
		KDF        string `json:"kdf"`
		Iterations int    `json:"iterations"`
		Memory     int    `json:"memory"`
		StoredKey  string `json:"stored_key"`
		ServerKey  string `json:"server_key"`
	} `json:"scram"`
	Keys []string `json:"cryptosign"`
}

// statement is what the application said about somebody: a user, or why not.
type statement struct {
	user   *user
	reason string // of a refusal
}

// ask gives what the application knows. The error means that it said nothing usable.
func (d *Dynamic) ask(ctx context.Context, a *attempt, ticket string) (statement, error) {
	question, err := json.Marshal(loginQuestion{
		Method: a.method, Realm: a.Realm, AuthID: a.authid, Ticket: ticket, Session: a.Session,
		Address: a.Peer.RemoteAddr, Origin: a.Peer.Origin, TLS: a.Peer.TLS, Details: a.Details,
	})
	if err != nil || len(question) > maxHelloBytes {
		return statement{reason: "what the client says of itself is too long"}, nil //nolint:nilerr // the client's own doing
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		return statement{}, errors.New("too many questions are open")
	}
	asking, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	text, err := d.options.Oracle.Exchange(asking, question)
	if err != nil {
		return statement{}, err
	}
	return readLogin(text, a)
}

func readLogin(text []byte, a *attempt) (statement, error) {
	var answer loginAnswer
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // ids do not survive being floats
	if err := decoder.Decode(&answer); err != nil {
		return statement{}, fmt.Errorf("decode the answer: %w", withoutContent(err))
	}
	switch {
	case answer.Allow == nil:
		return statement{}, errors.New(`decode the answer: it lacks "allow": true or false`)
	case !*answer.Allow:
		return statement{reason: clipReason(answer.Reason)}, nil
	}
	o := UserOptions{
		AuthID: answer.Identity.ID, Name: answer.Identity.Name, Roles: answer.Identity.Roles,
		Tenant: answer.Identity.Tenant, Claims: answer.Identity.Claims, Keys: answer.Keys,
	}
	if o.AuthID == "" {
		o.AuthID = a.authid
	}
	if c := answer.CRA; c != nil {
		o.CRA = &CRA{c.Key, c.Salt, c.Iterations, c.KeyLen}
	}
	if s := answer.SCRAM; s != nil {
		o.SCRAM = &SCRAM{s.Salt, s.KDF, s.Iterations, s.Memory, s.StoredKey, s.ServerKey}
	}
	u, err := newUser(o)
	if err != nil {
		return statement{}, fmt.Errorf("read the answer: %w", err)
	}
	u.provider = providerDynamic
	return statement{user: u}, nil
}

// withoutContent keeps secrets that stand in an answer out of logs.
func withoutContent(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the member %q must be of another type", kind.Field)
	}
	return errors.New("it is no JSON object")
}

func clipReason(text string) string {
	text = strings.ToValidUTF8(text, "")
	if len(text) > maxReasonBytes {
		text = strings.ToValidUTF8(text[:maxReasonBytes], "") + "..."
	}
	return text
}

// askAbout is ask for the chain: what goes wrong is told as the server's own trouble, and lets nobody in.
func (c *Chain) askAbout(ctx context.Context, a *attempt, ticket string) (statement, error) {
	d := c.options.Dynamic
	said, err := d.ask(ctx, a, ticket)
	if err == nil {
		if d.failing.Swap(false) {
			c.log.InfoContext(ctx, "who knows the users answers again")
		}
		return said, nil
	}
	if ctx.Err() != nil {
		return statement{}, wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	c.counters.count(Method(a.method), Unavailable)
	if !d.failing.Swap(true) {
		c.log.WarnContext(ctx, "who knows the users does not answer", "method", a.method, "error", err)
	}
	return statement{}, wamp.Fail(wamp.ErrAuthenticationFailed, "users cannot be checked at the moment; try again")
}

// askTicket lets the application judge a ticket of its own kind.
func (c *Chain) askTicket(ctx context.Context, a *attempt, ticket string) (*router.Identity, error) {
	said, err := c.askAbout(ctx, a, ticket)
	switch {
	case err != nil:
		return nil, err
	case said.user == nil && said.reason != "":
		c.counters.count(MethodTicket, Unknown)
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "%s", said.reason)
	case said.user == nil:
		return nil, c.refuseUser(ctx, MethodTicket, nil)
	}
	c.counters.count(MethodTicket, Accepted)
	return said.user.identity(methodTicket), nil
}
