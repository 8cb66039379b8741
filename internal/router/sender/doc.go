// Package sender sends what goes to one client alone: messages become frames by the conversation's encoding and go to
// the outbox ([Sender]). It has the rules for what is too long for the client or has no room, the last message, and the
// relief of all outboxes together ([Shared]).
//
// The package knows no session. It never blocks, and starts a goroutine only to count what waits for all clients when
// that may be too much.
package sender
