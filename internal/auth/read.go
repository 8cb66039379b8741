package auth

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/wamp"
)

// refusal is why somebody is not let in: for metrics, for the client, for the log.
type refusal struct {
	result  Result
	message string // for the client
	cause   error  // for the log; holds nothing of the ticket but positions and names of claims
}

func refuse(result Result, message string) *refusal {
	return &refusal{result: result, message: message}
}

// failure tells a client whether trying again with the same can help: denied is final, failed is the
// server's own trouble.
func (r *refusal) failure() *wamp.Failure {
	if r.result == Unavailable {
		return wamp.Fail(wamp.ErrAuthenticationFailed, "%s", r.message)
	}
	return wamp.Fail(wamp.ErrAuthenticationDenied, "%s", r.message)
}

var errCritical = errors.New("the header names extensions (crit) that must be understood")

// read verifies a ticket and gives what it says. The claims are nil unless the signature is one of
// ours: only then may they be believed, and only then is the client told what is wrong with them.
func (t *Tickets) read(ticket string) (*claims, *refusal) {
	const invalid = "this is no valid ticket: it must be a JWT, signed with HS256 and the secret of this server"
	if len(ticket) > maxTicketBytes {
		return nil, refuse(Malformed, "the ticket is too long")
	}
	c := &claims{}
	_, err := t.parser.ParseWithClaims(ticket, c, t.keys)
	switch {
	case err == nil:
		return c, t.checkLife(c)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, &refusal{Forged, invalid, err}
	case !errors.Is(err, jwt.ErrTokenInvalidClaims): // the one error that comes after the signature
		return nil, &refusal{Malformed, invalid, err}
	case errors.Is(err, jwt.ErrTokenInvalidAudience), c.Audience == nil:
		return c, refuse(WrongTarget, `the ticket is not for this server: its aud must be "`+Audience+`"`)
	case errors.Is(err, jwt.ErrTokenExpired):
		return c, refuse(Expired, "the ticket expired at "+c.ExpiresAt.UTC().Format(time.RFC3339)+": ask the application for a new one")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued), errors.Is(err, jwt.ErrTokenNotValidYet):
		return c, refuse(Early, "the ticket is not valid yet: compare the clocks of the application and of this server")
	}
	return c, &refusal{BadClaims, "the ticket lacks its expiry (exp) or another claim is wrong", err}
}

func (t *Tickets) keys(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical { // RFC 7515, section 4.1.11
		return nil, errCritical
	}
	return t.verify, nil
}

// checkLife refuses what lives longer than a used ticket is remembered, and what a session could
// not be made of.
func (t *Tickets) checkLife(c *claims) *refusal {
	expires := c.ExpiresAt.Time
	tooLong := time.Until(expires) > t.ttl+Leeway
	if c.IssuedAt != nil {
		tooLong = tooLong || expires.Sub(c.IssuedAt.Time) > t.ttl
	}
	if tooLong {
		return refuse(BadClaims, "the ticket lives too long: exp may be at most "+t.ttl.String()+" after iat")
	}
	if err := c.check(); err != nil {
		return refuse(BadClaims, "the ticket is incomplete: "+err.Error())
	}
	return nil
}
