// Package journal keeps the publications of a realm in memory, within bounds: the retained events of each topic and its
// history. It implements [publication.Journal].
//
// Over a limit it gives up topics of the contract that takes the most, the topic that has been silent for the longest
// first. It survives no restart, starts no goroutine, and knows neither sessions nor rules: the router says what to
// keep, and each query says which entries its reader may see.
package journal
