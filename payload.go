package tidings

import (
	"fmt"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Payload is the content of a publication or a call; see [client.Payload].
type Payload = client.Payload

// Event is one publication on a topic; see [client.Event].
type Event = client.Event

// Args returns a payload of positional arguments.
func Args(args ...any) Payload { return client.Args(args...) }

// Kwargs returns a payload of keyword arguments.
func Kwargs(kwargs map[string]any) Payload { return client.Kwargs(kwargs) }

func encode(p Payload) (wamp.Payload, error) {
	encoded, err := wamp.NewPayload(p.Args, p.Kwargs)
	if err != nil {
		return encoded, fmt.Errorf("encode the payload: %w", err)
	}
	return encoded, nil
}

func decode(p wamp.Payload) (Payload, error) {
	var args []any
	var kwargs wamp.Dict
	if err := p.Decode(&args, &kwargs); err != nil {
		return Payload{}, fmt.Errorf("decode the payload: %w", err)
	}
	for i := range args {
		args[i] = wamp.Plain(args[i])
	}
	return Payload{Args: args, Kwargs: wamp.PlainMap(kwargs)}, nil
}
