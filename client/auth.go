package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Authenticator proves the client's identity to the router. [Ticket] and [Key] are the usual ones.
type Authenticator interface {
	// Login returns what the client shows on its next connection. It is called before every try to connect, and before
	// a session ends: the answer of a login by the method "ticket" then renews the session. An error ends the try.
	Login(ctx context.Context) (Login, error)
}

// Login is one try to log in.
type Login struct {
	// Methods are the authentication methods offered in HELLO, the preferred one first, such as "ticket".
	Methods []string
	// Extra is HELLO.Details.authextra, for methods that need it.
	Extra map[string]any
	// Answer returns the signature and the extra of AUTHENTICATE for a challenge of the router. A nil Answer
	// refuses every challenge.
	Answer func(Challenge) (signature string, extra map[string]any, err error)
	// Once tells that the next Login is another one: a router that refuses this one may accept the next.
	Once bool
}

// Challenge is the router's CHALLENGE (WAMP, "Authentication").
type Challenge struct {
	Method string
	Extra  map[string]any
}

// Ticket logs in with one-time tickets. get is called for a new ticket before every try to connect, and about a minute
// before a session ends, to renew it.
func Ticket(get func(ctx context.Context) (string, error)) Authenticator { return ticketSource(get) }

// Key logs in with the API key of a backend.
func Key(key string) Authenticator { return apiKey(key) }

type ticketSource func(ctx context.Context) (string, error)

func (get ticketSource) Login(ctx context.Context) (Login, error) {
	if get == nil { // never downgraded to anonymous
		return Login{}, errors.New("the function that gets tickets is nil: set Config.Auth to nil to log in anonymously")
	}
	ticket, err := get(ctx)
	if err == nil && ticket == "" {
		err = errors.New("the ticket is empty")
	}
	if err != nil {
		return Login{}, fmt.Errorf("get a ticket: %w", err)
	}
	login := ticketLogin(ticket)
	login.Once = true
	return login, nil
}

type apiKey string

func (k apiKey) Login(context.Context) (Login, error) {
	if k == "" { // never downgraded to anonymous
		return Login{}, errors.New("the API key is empty: set Config.Auth to nil to log in anonymously")
	}
	return ticketLogin(string(k)), nil
}

// ticketLogin is WAMP's method "ticket": the secret itself answers the challenge.
func ticketLogin(secret string) Login {
	return Login{
		Methods: []string{"ticket"},
		Answer:  func(Challenge) (string, map[string]any, error) { return secret, nil, nil },
	}
}

// anonymous is used when the configuration names no Authenticator.
type anonymous struct{}

func (anonymous) Login(context.Context) (Login, error) {
	return Login{Methods: []string{"anonymous"}}, nil
}

// answer returns the AUTHENTICATE for a challenge.
func (l *Login) answer(m *wamp.Challenge) (*wamp.Authenticate, error) {
	if l.Answer == nil {
		return nil, fmt.Errorf("the server asks for authentication by %q, for which no credentials are configured", m.Method)
	}
	offered := false
	for _, method := range l.Methods {
		offered = offered || method == m.Method
	}
	if !offered {
		return nil, fmt.Errorf("the server asks for authentication by %q, but the client offers %q", m.Method, l.Methods)
	}
	signature, extra, err := l.Answer(Challenge{Method: m.Method, Extra: wamp.PlainMap(m.Extra)})
	if err != nil {
		return nil, fmt.Errorf("answer the challenge %q: %w", m.Method, err)
	}
	return &wamp.Authenticate{Signature: signature, Extra: dictOf(extra)}, nil
}

// dictOf copies a map for a message. It is never nil.
func dictOf(m map[string]any) wamp.Dict {
	d := make(wamp.Dict, len(m))
	for key, value := range m {
		d[key] = value
	}
	return d
}

// Interface guards.
var (
	_ Authenticator = ticketSource(nil)
	_ Authenticator = apiKey("")
	_ Authenticator = anonymous{}
)
