// Package meter bounds and counts what clients cause: the limits of a session ([Limits]), the pace at which its
// messages are read ([Pace]), and the numbers of a router ([Counters], [Stats]).
//
// It never waits and starts no goroutine: the router enforces what is measured here.
package meter
