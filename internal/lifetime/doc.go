// Package lifetime lets clients renew their session on its connection, and tells them what becomes of it: how long it
// lives, that it is about to end, and what was taken from it. These are procedures and topics below tidings.session. It
// is a component on the router's calls: Publish, Register, Observe.
//
// The package never decides what a session may do, and never checks a ticket: the router asks its Authenticator. The
// router ends sessions. One timer serves the notices of all sessions.
package lifetime
