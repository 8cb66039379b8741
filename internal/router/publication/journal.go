package publication

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Journal keeps the publications of one realm. Its methods may do I/O: the router calls them with no lock held. It must
// be safe for concurrent use.
type Journal interface {
	// Append stores publications of one topic in their order, behind all earlier ones: all of them or none. It
	// returns once they are stored.
	Append(ctx context.Context, placements []Placement) error
	// Retained returns the last retained publication of each topic that the query admits, in the order of appending.
	Retained(ctx context.Context, query RetainedQuery) (RetainedPage, error)
	// Events returns publications from the histories of topics. It fails with a [*MissingError] if a publication that
	// bounds the query is in none of them.
	Events(ctx context.Context, query EventQuery) (EventPage, error)
	// Stats returns numbers. It must not block.
	Stats() JournalStats
}

// Placement tells a journal where to keep a publication.
type Placement struct {
	Entry   *Entry
	Retain  bool // as a retained event of the topic
	History int  // in the topic's history, which keeps this many; 0: not there
	// Contract has its share of the room. For lack of room a journal gives up topics of the contract that takes the
	// most: a contract that takes no more than its share loses nothing to others.
	Contract string
}

// RetainedQuery asks for what was retained for a subscription.
type RetainedQuery struct {
	Subscription wamp.Subscription
	Admits       func(*Entry) bool // nil: all; quick, and never calls the journal
	MaxEntries   int               // over either limit only the newest are returned
	MaxBytes     int
}

// Work counts what a query has done. The router charges the session for it.
type Work struct {
	Examined int // topics and entries that were looked at
	Returned int // entries
	Bytes    int // of the entries that were returned
}

// RetainedPage is the result of a RetainedQuery.
type RetainedPage struct {
	Entries []*Entry
	Work    Work
}

// EventQuery asks for events of the topics of a subscription.
type EventQuery struct {
	Subscription wamp.Subscription
	Topic        wamp.URI // the only one of the subscription's topics; "": all
	// From, After, Before and Until are publications that bound the result. From and Until belong to it. 0: no bound.
	From, After, Before, Until wamp.ID
	Admits                     func(*Entry) bool // nil: all; quick, and never calls the journal
	Reverse                    bool              // newest first
	MaxEntries                 int               // 0: no limit
	MaxBytes                   int               // 0: no limit; one entry is returned in any case
}

// EventPage is the result of an EventQuery.
type EventPage struct {
	Entries []*Entry
	More    bool // a limit was reached, and there are more
	Work    Work
}

// JournalStats describes a journal. Dropped only grows.
type JournalStats struct {
	Topics  int // with retained events or a history
	Bytes   int
	Dropped uint64 // topics that were given up for lack of room
}

// MissingError reports a publication that is not in the history, or not any more.
type MissingError struct{ Publication wamp.ID }

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the publication %d is not in the history, or not any more", e.Publication)
}
