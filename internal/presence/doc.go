// Package presence knows who is at a record: who views it, who edits it.
//
// A page enters and leaves a record by calling tidings.presence.enter and tidings.presence.leave.
// Who subscribes to tidings.presence.<record> gets who is there at once, and then every change. The
// pages of one user are one person. A page whose connection was lost leaves after a grace, so that
// a reload does not flicker; one that said GOODBYE leaves at once.
//
// The package never locks a record: that two people edit is told, not prevented. It stores nothing,
// and what it knows of a record ends with the last person there.
//
// # How a change is told
//
//	change under mu -> revision, snapshot -> queue -> (mu released) -> publish, in that order
//
// One goroutine at a time empties the queue; who finds it busy leaves its change to that one. So
// events keep the order of changes although no lock is held while publishing.
package presence
