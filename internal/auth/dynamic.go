package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/emptymap"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultDynamicTimeout is half of the time that a client has to join; the other half is for the client.
	DefaultDynamicTimeout = 5 * time.Second
	// DefaultDynamicInFlight limits the concurrent queries that strangers can cause.
	DefaultDynamicInFlight = 64

	// knownShare is the part of MaxInFlight that is for logins from addresses where the user has logged in before.
	// So strangers cannot keep users out by queries that take long.
	knownShare = 4

	// maxReasonBytes limits the reason of a refusal that the client gets.
	maxReasonBytes = 500
	// maxHelloBytes limits a query, which has the details of the client's HELLO.
	maxHelloBytes = 16 << 10

	providerDynamic = "dynamic"
)

// UserSource looks up users in the application, by a webhook or a procedure. Query and answer are JSON objects.
type UserSource interface {
	// Exchange returns the answer to a query. It must return when ctx is done.
	Exchange(ctx context.Context, query []byte) (answer []byte, err error)
}

// DynamicMethods returns the methods for which a [UserSource] can have credentials.
func DynamicMethods() []string {
	return []string{methodCryptosign, methodSCRAM, methodCRA, methodTicket}
}

// DynamicOptions configures a [Dynamic]. Only Source is required.
type DynamicOptions struct {
	Source      UserSource
	Methods     []string // nil means all of DynamicMethods
	Timeout     time.Duration
	MaxInFlight int
	Logger      *slog.Logger
}

// Dynamic looks up users that are not in the configuration. The application supplies credentials, and this package
// checks the client's proof against them. Only tickets are checked by the application.
type Dynamic struct {
	options   DynamicOptions
	slots     chan struct{} // a slot for each pending query
	strangers chan struct{} // a slot for each of those about logins from new addresses
	failing   atomic.Bool   // the last query failed: only changes are logged
}

// NewDynamic returns a Dynamic with defaults for options that are zero.
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
	return &Dynamic{
		options: options, slots: make(chan struct{}, options.MaxInFlight),
		strangers: make(chan struct{}, options.MaxInFlight-options.MaxInFlight/knownShare),
	}
}

func (d *Dynamic) supports(method string) bool {
	return d != nil && slices.Contains(d.options.Methods, method)
}

// loginQuery is the query for the user source. Its members are documented for users; members may be added but
// never removed.
type loginQuery struct {
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

// loginAnswer is the answer of the user source.
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
	Keys    []string `json:"cryptosign"`
	Session any      `json:"session"` // the life of the session in seconds
}

// lookup is the result of a query: a user, or the reason of a refusal.
type lookup struct {
	user   *user
	reason string // of a refusal; may be empty
}

// lookUp queries the user source. An error means that there was no usable answer.
func (d *Dynamic) lookUp(ctx context.Context, l *login, ticket string) (lookup, error) {
	query, err := json.Marshal(loginQuery{
		Method: l.method, Realm: l.Realm, AuthID: l.authid, Ticket: ticket, Session: l.Session,
		Address: l.Peer.RemoteAddr, Origin: l.Peer.Origin, TLS: l.Peer.TLS, Details: l.Details,
	})
	if err != nil || len(query) > maxHelloBytes {
		return lookup{reason: "what the client says of itself is too long"}, nil //nolint:nilerr // the client is at fault
	}
	release, ok := d.reserve(l.known)
	if !ok {
		return lookup{}, errors.New("too many queries of the user source are pending")
	}
	defer release()
	queryCtx, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	encoded, err := d.options.Source.Exchange(queryCtx, query)
	if err != nil {
		return lookup{}, err
	}
	return readLogin(encoded, l)
}

// reserve reserves the slots of a query, until release.
func (d *Dynamic) reserve(known bool) (release func(), ok bool) {
	if !known {
		select {
		case d.strangers <- struct{}{}:
		default:
			return nil, false
		}
	}
	select {
	case d.slots <- struct{}{}:
	default:
		if !known {
			<-d.strangers
		}
		return nil, false
	}
	return func() {
		<-d.slots
		if !known {
			<-d.strangers
		}
	}, true
}

func readLogin(encoded []byte, l *login) (lookup, error) {
	var answer loginAnswer
	encoded = emptymap.Rewrite(encoded, reflect.TypeFor[loginAnswer]())
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber() // a float64 cannot hold every id
	if err := decoder.Decode(&answer); err != nil {
		return lookup{}, fmt.Errorf("decode the answer: %w", withoutContent(err))
	}
	switch {
	case answer.Allow == nil:
		return lookup{}, errors.New(`decode the answer: it lacks "allow": true or false`)
	case !*answer.Allow:
		return lookup{reason: clipReason(answer.Reason)}, nil
	}
	o := UserOptions{
		AuthID: answer.Identity.ID, Name: answer.Identity.Name, Roles: answer.Identity.Roles,
		Tenant: answer.Identity.Tenant, Claims: answer.Identity.Claims, Keys: answer.Keys,
	}
	if o.AuthID == "" {
		o.AuthID = l.authid
	}
	if c := answer.CRA; c != nil {
		o.CRA = &CRA{c.Key, c.Salt, c.Iterations, c.KeyLen}
	}
	if s := answer.SCRAM; s != nil {
		o.SCRAM = &SCRAM{s.Salt, s.KDF, s.Iterations, s.Memory, s.StoredKey, s.ServerKey}
	}
	life, err := sessionLife(answer.Session)
	if err != nil {
		return lookup{}, fmt.Errorf("read the answer: %w", err)
	}
	u, err := newUser(o)
	if err != nil {
		return lookup{}, fmt.Errorf("read the answer: %w", err)
	}
	u.provider, u.life = providerDynamic, life
	return lookup{user: u}, nil
}

// withoutContent returns an error without the content of the answer, which may hold secrets.
func withoutContent(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the member %q must be of another type", kind.Field)
	}
	return errors.New("it is no JSON object")
}

func clipReason(reason string) string {
	reason = text.Clean(strings.ToValidUTF8(reason, ""))
	if len(reason) > maxReasonBytes {
		reason = strings.ToValidUTF8(reason[:maxReasonBytes], "") + "..."
	}
	return reason
}

// lookUp queries the user source. If the query fails, the login fails with an error that blames the server.
func (c *Chain) lookUp(ctx context.Context, l *login, ticket string) (lookup, error) {
	d := c.options.Dynamic
	l.asked, l.known = true, c.options.Attempts.Knows(attemptOf(l))
	found, err := d.lookUp(ctx, l, ticket)
	if err == nil {
		if d.failing.Swap(false) {
			c.log.InfoContext(ctx, "the user source answers again")
		}
		return found, nil
	}
	if ctx.Err() != nil {
		return lookup{}, wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	c.counters.count(Method(l.method), Unavailable)
	if !d.failing.Swap(true) {
		c.log.WarnContext(ctx, "the user source does not answer; dynamic logins fail until it does", "method", l.method, "error", err)
	}
	return lookup{}, wamp.Fail(wamp.ErrAuthenticationFailed, "users cannot be checked at the moment; try again")
}

// checkForeignTicket lets the user source check a ticket that this server did not issue.
func (c *Chain) checkForeignTicket(ctx context.Context, l *login, ticket string) (*peer.Identity, error) {
	if err := c.mayTry(l); err != nil {
		return nil, err
	}
	found, err := c.lookUp(ctx, l, ticket)
	switch {
	case err != nil:
	case found.user == nil && found.reason != "":
		c.counters.count(MethodTicket, Unknown)
		err = wamp.Fail(wamp.ErrAuthenticationDenied, "%s", found.reason)
	case found.user == nil:
		err = c.refuseUser(ctx, MethodTicket, nil)
	}
	c.record(l, err)
	if err != nil {
		return nil, err
	}
	c.counters.count(MethodTicket, Accepted)
	return found.user.identity(methodTicket), nil
}
