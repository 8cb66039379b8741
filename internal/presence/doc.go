// Package presence tells which users view or edit a record.
//
// A page enters and leaves a record by calling tidings.presence.enter and tidings.presence.leave. A
// subscriber of tidings.presence.<record> gets the present state at once, and then every change. The pages of
// one user count as one person. A page whose connection was lost leaves after a grace, so a reload does not
// show; a page that said GOODBYE leaves at once.
//
// The package never locks a record: it shows that two people edit, and does not prevent it. It stores
// nothing; the state of a record ends with the last person there.
//
// # How a change is published
//
//	change under mu -> revision, snapshot -> queue -> (mu released) -> publish, in that order
//
// One goroutine at a time empties the queue, and other goroutines leave their changes to it
// ([queue.Serial]). So events keep the order of the changes although no lock is held while publishing.
package presence
