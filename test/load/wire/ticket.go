package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// Secret signs the tickets of every run. It protects nothing: all servers listen on loopback.
const Secret = "a-secret-for-load-of-at-least-32-bytes"

// ticketLifetime is less than the five minutes that Tidings allows, and longer than ten thousand clients need to
// connect, because scripts are made long before they run.
const ticketLifetime = 4 * time.Minute

// Ticket signs a one-time ticket as the documentation of Tidings describes it.
func Ticket(secret, user, id string) string {
	now := time.Now()
	return sign(secret, map[string]any{
		"sub": user, "jti": id, "iat": now.Unix(), "exp": now.Add(ticketLifetime).Unix(), "aud": "tidings", "roles": []string{"user"},
	})
}

// sign makes a JSON Web Token with HS256, which all servers support.
func sign(secret string, claims map[string]any) string {
	encode := base64.RawURLEncoding.EncodeToString
	body, _ := json.Marshal(claims) // strings, numbers and lists of them always marshal
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
