package client

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Topic returns the topic, or the procedure, of a contract with the values of its parameters. Values may be any text
// that is not empty: what cannot stand in a topic is percent-encoded.
//
//	topic, err := client.Topic("user.{user}.flash", map[string]string{"user": "ann@example.com"})
//	// user.ann@example%2Ecom.flash
//
// The types of the parameters may be left out. The server checks them.
func Topic(contract string, params map[string]string) (string, error) {
	uri, err := wamp.FillContract(contract, params)
	if err != nil {
		return "", fmt.Errorf("make a topic: %w", err)
	}
	return string(uri), nil
}
