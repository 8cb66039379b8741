// Command go signs a one-time ticket for one user, with nothing but the standard library.
//
// Usage: TIDINGS_SECRET=... go run ./examples/tickets/go USER [NAME [ROLE...]]
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"
)

func ticket(secret, user, name string, roles []string) (string, error) {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"jti":   rand.Text(), // accepted once: no other ticket may have it
		"sub":   user,
		"aud":   "tidings",
		"iat":   now.Unix(),
		"exp":   now.Add(time.Minute).Unix(),
		"name":  name,
		"roles": roles,
	})
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), err
}

func main() {
	secret := os.Getenv("TIDINGS_SECRET")
	if secret == "" || len(os.Args) < 2 {
		log.Fatal("usage: TIDINGS_SECRET=... go run ./examples/tickets/go USER [NAME [ROLE...]]")
	}
	name, roles := os.Args[1], []string{}
	if len(os.Args) > 2 {
		name, roles = os.Args[2], os.Args[3:]
	}
	t, err := ticket(secret, os.Args[1], name, roles)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t)
}
