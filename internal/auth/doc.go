// Package auth says who a client is: by a one-time ticket that the application signed, by an API
// key, by what the configuration or the application itself knows of users (password, wampcra,
// wamp-scram, cryptosign), by a client certificate, by the cookie of an earlier login, or as nobody
// in particular where the configuration allows that.
//
// [Chain] is what the router asks. A client that names a method and fails is refused, never
// continued as somebody with less: identity is not downgraded.
//
// The package never decides what an identity may do, and never writes a ticket, a key or a secret
// to a log or an error; a ticket is named there by its id (jti), a key by its name.
package auth
