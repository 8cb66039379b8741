// Package encode makes messages into the bytes that many clients share: the events of a publication once for each
// format ([Run]), one behind the other ([Batch]), with their positions for clients that have a [Place] in the order of
// what is kept, and alone for clients that do not keep up.
//
// The package knows no session and no subscriber, takes no lock, queues nothing and starts no goroutine: fan-out says
// which client gets what.
package encode
