package peer

// Renewer is an [Authenticator] that can take the place of another one while sessions go on.
type Renewer interface {
	// Renew returns the identity that a session of a former Authenticator has by this one: the same pointer if nothing
	// has changed, or nil with the reason for which the client has to log in again. It must be quick.
	Renew(identity *Identity, former Authenticator) (renewed *Identity, reason string)
}
