// Package journal keeps the publications of a realm, in one order over all topics. It implements [publication.Journal]:
// clients that come back get what they missed, those that come later the last events, and queries the history.
//
// The index is in memory, within bounds. Over a limit it gives up topics of the contract that takes the most, the topic
// that has been silent for the longest first. The Seq behind which a topic is complete is its floor.
//
//	journal.go    the index over all topics
//	topic_log.go  what is kept of one topic
//	share.go      the share of each contract, and what is given up
//	plan.go       which publications are stored: retries and older versions are not
//	since.go      what a client has missed
//	events.go     retained events and the history
//	log.go        the log that publications are written to before they count
//	record.go     records and units, layout.go what is in them, coder.go how it is coded
//	recover.go    the start: the log is read, replay.go record by record, restore.go into the index
//	compact.go    appends what is live again, and trims the log
//
// The package knows neither sessions nor rules: the router says what to keep, and each query says which entries its
// reader may see.
package journal
