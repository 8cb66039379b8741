package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/auth"
)

// The HTTP API, the sessions and the tickets in the address count together.
func TestFailedLoginsOfAllWaysInAreLimitedTogether(t *testing.T) {
	hash, err := auth.HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	for first := range 3 {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			r := start(t, strings.Replace(basic, "auth: {", "auth: {users: [{authid: ann, password: '"+hash+"'}], ", 1)+"limits: {key_failures: 6}\n")
			r.api(allKey, "GET", "sessions", nil).as(200, nil)
			password := func(text string) error {
				_, err := r.tryJoin(client.Config{AuthID: "ann", Auth: client.Ticket(ticketOf(text))})
				return err
			}
			fail := []func(){
				func() { r.api("guess", "GET", "topics", nil) },
				func() {
					if password("wrong") == nil {
						t.Error("a wrong password let it in")
					}
				},
				func() {
					if _, err := r.tryJoin(client.Config{Auth: client.Key("an unknown API key")}); err == nil {
						t.Error("an unknown API key let it in")
					}
				},
			}
			for i := range 7 {
				fail[(first+i)%3]()
			}
			var refused *client.Error
			if err := password("correct horse"); !errors.As(err, &refused) || !strings.Contains(err.Error(), "limits.login_failures") {
				t.Errorf("the correct password after 7 failures: %v", err)
			}
			r.api("publisher-0123456789abcdef", "GET", "topics", nil).refused(429, "limits.login_failures")
			r.api(allKey, "GET", "sessions", nil).as(200, nil) // it was used from here before
			r.join(client.Config{Auth: client.Key(allKey)})
			r.user("42", "") // nobody guesses a ticket
		})
	}
}
