package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/tidings-io/tidings/client"
)

// cra is a method that the package does not have: WAMP challenge-response.
type cra struct{ secret string }

func (c cra) Login(context.Context) (client.Login, error) {
	return client.Login{
		Methods: []string{"wampcra"},
		Answer: func(challenge client.Challenge) (string, map[string]any, error) {
			text, _ := challenge.Extra["challenge"].(string)
			mac := hmac.New(sha256.New, []byte(c.secret))
			mac.Write([]byte(text))
			return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil, nil
		},
	}, nil
}

func TestAProgramCanBringItsOwnWayToLogIn(t *testing.T) {
	address, stop := serve(t, "127.0.0.1:0")
	defer stop()
	const derived = "RbtaKwyVbPbjNhnyVQcE7Ipzo0dvCLwuLAv7hmbrsL0=" // as in the configuration
	c, err := client.Connect(t.Context(), client.Config{URL: "http://" + address, AuthID: "ann", Auth: cra{derived}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Close(); <-c.Done() }()
	if s := c.Session(); s.AuthID != "ann" || s.AuthMethod != "wampcra" {
		t.Errorf("%+v", s)
	}
	_, err = client.Connect(t.Context(), client.Config{URL: "http://" + address, AuthID: "ann", Auth: cra{"another"}})
	wantError(t, err, "wamp.error.authentication_denied")
}
