// Package publication describes publications apart from sessions and connections: what the options of a PUBLISH say of
// a kept topic ([Kept]), which sessions a publication is for ([Filter]), how it is kept and carried ([Entry]), what of
// it is kept ([Retention]), what a [Journal] does, and what became of publications that go to it ([Run]).
//
// The router fills entries in, a journal stores them, a relay carries them to other nodes, and components read them.
// The package does no I/O and starts no goroutine.
package publication
