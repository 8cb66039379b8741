// Package journal keeps the publications of a realm in memory, within bounds: the retained events of each topic and its
// history. It implements [publication.Journal].
//
// Over a limit it gives up the topic that has been silent for the longest. It survives no restart, starts no goroutine,
// and knows neither sessions nor contracts: the router says what to keep, and each query says which entries its reader
// may see.
package journal
