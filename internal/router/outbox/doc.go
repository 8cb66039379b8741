// Package outbox is the bounded queue between the router, which puts frames, and a transport, which
// takes and writes them, together with the formats in which messages become frames and the reasons for which a
// conversation closes.
//
// It never writes to a socket, never blocks and starts no goroutine.
package outbox
