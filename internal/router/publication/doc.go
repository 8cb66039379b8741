// Package publication describes publications apart from sessions and connections: which sessions a publication is for
// ([Filter]), how it is kept and carried ([Entry]), what of it is kept ([Retention]), and what a [Journal] does.
//
// The router fills entries in, a journal stores them, a relay carries them to other nodes, and components read them.
// The package does no I/O and starts no goroutine.
package publication
