// Package presence tells which users view or edit a record.
//
// A page enters and leaves a record by calling tidings.presence.enter and tidings.presence.leave. A
// subscriber of tidings.presence.<record> gets the present state at once, and then the changes. The pages of
// one user count as one person. A page whose connection was lost leaves after a grace, so a reload does not
// show; a page that said GOODBYE leaves at once.
//
// The package never locks a record: it shows that two people edit, and does not prevent it. It stores
// nothing; the state of a record ends with the last person there.
//
// # How a change is published
//
//	change under mu -> revision -> end of the interval -> event -> queue -> (mu released) -> publish, in order
//
// The first change of a record at rest is published at once. Changes that follow within the interval are one event,
// which has the newest view of each person. An event of a small record lists all people. An event of a larger record
// has the differences to the event before, and that event's revision. A subscriber that has missed an event asks for
// the list.
//
// One goroutine at a time empties the queue, and other goroutines leave their changes to it
// ([queue.Serial]). So events keep the order of the changes although no lock is held while publishing.
package presence
