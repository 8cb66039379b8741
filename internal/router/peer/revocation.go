package peer

import "github.com/tidings-io/tidings/internal/wamp"

// Revocation is the end of a subscription or registration that the router took from a session.
type Revocation struct {
	Action Action // Subscribe or Register
	URI    wamp.URI
	Match  wamp.Match
	Reason wamp.URI // of UNSUBSCRIBED or UNREGISTERED
	Text   string   // why, for people to read; may be empty
}

// Details returns the details of UNSUBSCRIBED or UNREGISTERED. key names the id in them.
func (v *Revocation) Details(key string, id wamp.ID) wamp.Dict {
	details := wamp.Dict{key: int64(id)}
	if v.Reason != "" {
		details["reason"] = string(v.Reason)
	}
	if v.Text != "" {
		details["_message"] = v.Text
	}
	return details
}

// Rechecked counts the subscriptions and registrations that a recheck asked about.
type Rechecked struct {
	Sessions      int
	Kept, Revoked int
	Undecided     int // kept, because the Authorizer failed
}

// Plus returns the sum.
func (n Rechecked) Plus(o Rechecked) Rechecked {
	return Rechecked{n.Sessions + o.Sessions, n.Kept + o.Kept, n.Revoked + o.Revoked, n.Undecided + o.Undecided}
}
