package router

import "github.com/tidings-io/tidings/internal/router/peer"

// RevocationObserver is an [Observer] that is told of revocations, without a lock of the router.
type RevocationObserver interface {
	Observer
	Revoked(*Session, peer.Revocation)
}

// tellRevoked tells the observers of a revocation. Must not hold a lock.
func (s *Session) tellRevoked(v peer.Revocation) {
	for _, o := range *s.realm.observers.Load() {
		if o.revocations != nil {
			o.revocations.Revoked(s, v)
		}
	}
}
