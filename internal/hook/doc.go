// Package hook asks the application about requests that the rules have already allowed. A webhook, a
// WAMP procedure or a Go function may refuse a subscription or a publication with a reason, or
// replace the payload of a publication. The package also publishes at intervals while a topic has
// subscribers.
//
// Queries are bounded in time and in number. A decider that hangs delays the client that waits for
// it and never piles up goroutines. The package never allows a request that the contract refuses,
// and never asks a session about itself.
package hook
