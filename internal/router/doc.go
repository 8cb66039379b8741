// Package router routes publications to subscribers and calls to callees: realms, sessions, the broker and
// the dealer. Frames come in through [Client.ReceiveBatched] and go out through the [outbox.Outbox] of each
// client. A transport carries them.
//
// Routing runs in the sender's reader. No step waits for a receiver: an event is encoded once for each
// format, and the same immutable bytes are appended to every outbox.
//
// The package never listens, dials or stores. It knows no contract and no rule: an [Authorizer] decides. What needs no
// session is in packages below: encode and replay make the bytes that many clients share, sender those for one, and the
// others hold values.
//
// It starts a goroutine only for a call of a procedure that was registered as concurrent, for the timeout of
// a call, to end sessions whose identity has expired (one timer for each realm), for a recheck of what sessions hold,
// for a subscriber that missed more than a page, and to count what waits for all clients when that may be too much.
//
// There is one file for each message of a client (hello, authenticate, goodbye, subscribe, unsubscribe, publish,
// register, unregister, call, cancel, yield, error) and for what the router sends by itself: CHALLENGE (authenticate),
// WELCOME (welcome), ABORT (abort), EVENT (fanout), INVOCATION (invocation), INTERRUPT (cancel) and RESULT (result).
// dispatch.go is the switch over the messages. What they share has files of its own.
//
// # Kept publications and other nodes
//
// All publications of a realm that are to be kept go through one queue (publishKept), which gives keeping and
// delivering one order, and into a [publication.Journal]. A member of a subscription has a place in this order. A
// subscriber that missed something catches up (catchUp). Publications of other nodes enter by [Realm.Deliver]. A relay
// to them will stand behind local delivery: in publishAll for a run that is not kept, in lead for those that are. It
// gets the same [publication.Entry] as the journal.
//
// # Lock order
//
// Locks are taken in this order and never the other way. A goroutine that holds one never blocks, never
// calls a component, and never takes a second lock of the same rank:
//
//	Realm.mu                  the sessions of the realm
//	pattern.Index.Mu          the subscriptions of the broker; the registrations of the dealer
//	subscription.mu,          the members of one of them, and the order of replies and events:
//	registration.mu           SUBSCRIBED is queued before the member is seen, UNSUBSCRIBED after it left
//	Client.mu                 one conversation: its state, what its session holds, what is pending
//	the journal's lock        what is kept
//	calls.Claim, Outbox.mu    the claim to answer a call; the frames that wait to be written
//	queue.Deadlines           when identities expire
//	queue.Grouped             the publishers that wait for the order of what is kept
//	queue.Mailbox             the kept events for a component, and the changes for observers
package router
