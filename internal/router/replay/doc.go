// Package replay gives a subscriber what was kept before it came: where it wants to begin ([Start]), page after page of
// the journal ([Replay]), and the pages as events, which clients that come back to the same place share ([Source]).
//
// The package takes no lock of the router, queues nothing and starts no goroutine: the router queues the packets, and
// gives the subscriber its place in the order of live events.
package replay
