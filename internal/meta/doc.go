// Package meta is WAMP's meta API: procedures and events below wamp. that tell about the sessions, subscriptions and
// registrations of a realm, end them, and read the event history; and testaments, which are published when a session
// ends. It is a component on the router's calls: Publish, Subscribe, Register, Observe.
//
// The package never decides on a request: a caller of a procedure has passed the Authorizer like any caller, and
// get_events and add_testament ask the router whether the caller may subscribe or publish. It never starts a
// goroutine: procedures run in the caller's reader, events are published in the goroutine of a change.
package meta
