// Package ticket verifies tickets for peers whose library leaves that to the application, so that they do the same
// work for a connection as Tidings. It does not remember used tickets, because the peers' authors never wrote such a
// list, and it would count as their cost.
package ticket

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Verify returns the user of a JSON Web Token.
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
