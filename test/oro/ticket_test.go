//go:build unix

package oro_test

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// secret is the default of Oro's applications.
const secret = "ThisTokenIsNotSoSecretChangeIt"

// ticketOf makes a ticket as the application does.
func ticketOf(username, password string, created time.Time) string {
	nonce := make([]byte, 8)
	_, _ = rand.Read(nonce) // never fails
	return ticketWith(username, password, hex.EncodeToString(nonce), created.Format("2006-01-02T15:04:05-07:00"))
}

func ticketWith(username, password, nonce, created string) string {
	merged := []byte(nonce + "|" + created + "|" + password + "{" + secret + "}")
	digest := sha512.Sum512(merged)
	buffer := make([]byte, 0, len(digest)+len(merged))
	for range 4999 {
		digest = sha512.Sum512(append(append(buffer[:0], digest[:]...), merged...))
	}
	text := base64.StdEncoding.EncodeToString(digest[:]) + ";" + username + ";" + nonce + ";" + created
	return base64.StdEncoding.EncodeToString([]byte(text))
}
