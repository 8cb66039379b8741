// Package auth authenticates clients: by a one-time ticket that the application signed, by an API key, by the
// credentials of a user in the configuration or the application (password, wampcra, wamp-scram, cryptosign), by a
// client certificate, by the cookie of an earlier login, or as anonymous where the configuration allows that.
//
// The router asks [Chain]. A client that names a method and fails is refused. It is never downgraded to another
// identity.
//
// The package never decides what an identity may do, and never writes a ticket, a key or a secret
// to a log or an error; a ticket is named there by its id (jti), a key by its name.
package auth
