// Package queue has the queues by which goroutines hand work to each other: [Serial] and [Mailbox] pass values on one
// at a time, [Grouped] lets the first of several goroutines work for all that wait, and [Deadlines] waits for the
// earliest of many times.
//
// A function of the user is called without a lock, unless the comment says otherwise.
package queue
