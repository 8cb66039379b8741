// Package ticket checks tickets for the peers whose library leaves that to the application, so that
// they do the same work for a connection as Tidings. It does not remember spent tickets: a peer that
// kept a list that its authors never wrote would be charged for it.
package ticket

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5" //nolint:depguard // the peers are applications of their own, with the same library
)

// Verify gives the user of a JSON Web Token.
func Verify(secret, text string) (user string, err error) {
	var claims jwt.RegisteredClaims
	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
	_, err = jwt.ParseWithClaims(text, &claims, key,
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("tidings"), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		return "", fmt.Errorf("verify the ticket: %w", err)
	}
	if claims.Subject == "" || claims.ID == "" {
		return "", errors.New("verify the ticket: it lacks sub or jti")
	}
	return claims.Subject, nil
}
