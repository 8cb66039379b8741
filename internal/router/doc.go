// Package router routes publications to subscribers and calls to callees: realms, sessions, the
// broker, the dealer, and the bounded outbox of each client. Bytes come in by [Client.Receive] and
// go out by [Outbox.Take]; what carries them is a transport's business.
//
// Routing runs in the goroutine of whoever sends. Nothing here blocks on a receiver: an event is
// encoded once for each format, and the same immutable bytes are appended to every outbox.
//
// The package never listens, dials or stores, knows no contract and no rule (an [Authorizer] does),
// and starts a goroutine only for a procedure that was registered as concurrent.
//
// # Lock order
//
// Locks are taken in this order and never the other way; nothing under a lock blocks, calls a
// component or takes a second lock of the same rank:
//
//	Realm.mu                  who is here
//	broker.mu, dealer.mu      what exists: the maps and tries
//	subscription.mu,          who holds one of them, and the order of replies and events:
//	registration.mu           SUBSCRIBED is queued before the member is seen, UNSUBSCRIBED after it left
//	Client.mu                 one conversation: its state, what its session holds, what is pending
//	call.mu, Outbox.mu        who answers a call; what waits to be written
package router
