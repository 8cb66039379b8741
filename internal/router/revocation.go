package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Revocation is the end of a subscription or registration that the router took from a session.
type Revocation struct {
	Action peer.Action // Subscribe or Register
	URI    wamp.URI
	Match  wamp.Match
	Reason wamp.URI // of UNSUBSCRIBED or UNREGISTERED
	Text   string   // why, for people to read; may be empty
}

// RevocationObserver is an [Observer] that is told of revocations, without a lock of the router.
type RevocationObserver interface {
	Observer
	Revoked(*Session, Revocation)
}

// tellRevoked tells the observers of a revocation. Must not hold a lock.
func (s *Session) tellRevoked(v Revocation) {
	for _, o := range *s.realm.observers.Load() {
		if o.revocations != nil {
			o.revocations.Revoked(s, v)
		}
	}
}

// details returns the details of UNSUBSCRIBED or UNREGISTERED. key names the id in them.
func (v *Revocation) details(key string, id wamp.ID) wamp.Dict {
	details := wamp.Dict{key: int64(id)}
	if v.Reason != "" {
		details["reason"] = string(v.Reason)
	}
	if v.Text != "" {
		details["_message"] = v.Text
	}
	return details
}
