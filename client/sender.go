package client

import "github.com/tidings-io/tidings/internal/wamp"

// Sender is the user or backend that an event comes from. The server vouches for it: no client can name another one.
type Sender struct {
	ID   string // the user's id, or the name of the API key
	Name string
	// Backend reports that an API key has published.
	Backend bool
}

// senderOf returns the sender in the details of an event, or nil.
func senderOf(details wamp.Dict) *Sender {
	stamp, ok := details.Dict("_sender")
	if !ok {
		return nil
	}
	var s Sender
	s.ID, _ = stamp.String("id")
	s.Name, _ = stamp.String("name")
	s.Backend, _ = stamp.Bool("backend")
	return &s
}
