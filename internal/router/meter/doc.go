// Package meter bounds and counts what clients cause: the limits of a session ([Limits]), the pace at which its
// messages are read ([Pace]), the spacing at which all of them are sent away ([Drain]), and the numbers of a router
// ([Counters], [Stats]).
//
// It starts no goroutine and knows no session: the router enforces what is measured here.
package meter
