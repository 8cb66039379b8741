// Package audit compares what publishers were told with what subscribers received.
//
// A [Log] collects both while clients run: publications with the answers of the server, and for each subscription a
// [View] with all that came. [Log.Judge] says afterwards what is wrong:
//
//	lost           acknowledged, and a subscriber that was entitled to the event never got it
//	silent         of the lost ones those that the subscriber cannot notice by _prev
//	doubled        the same event twice in one subscription, or one publication stored at two positions
//	out of order   after an event that follows it in the log, that its publisher made later, or that was sent after the
//	               answer to it
//	false yes      acknowledged, and not stored: a subscriber that reads all that is kept does not find it
//	false no       refused by an answer that is certain, and delivered all the same
//	foreign        an event that no publisher made, of a topic that the subscription does not match, or for others only
//	false alarms   _prev says that something is missing, and nothing is
//	never live     a session that lasted was never told that it had caught up
//
// A gap that SUBSCRIBED tells excuses the publications before the oldest position that there is. They are counted.
//
// The package does no I/O and has no clock: ticks order what all clients of one process saw.
package audit
