package publication

import (
	"context"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Journal keeps the publications of one realm, in one order over all topics. Only Append does I/O: the router calls it
// with no lock held. All other methods answer from memory, and may be called under any lock. Safe for concurrent use.
type Journal interface {
	// Append stores publications in their order, behind all earlier ones, and returns once they are stored: all of
	// them, or after an error none. It sets Entry.Seq. There is one outcome for each placement.
	Append(ctx context.Context, placements []Placement) ([]Outcome, error)
	// Position returns the position behind everything that was appended.
	Position() Position
	// Since returns what a subscription has to get after a position.
	Since(query SinceQuery) SincePage
	// Retained returns the last publication of each topic that the query admits, in their order.
	Retained(query RetainedQuery) RetainedPage
	// Events returns publications from the histories of topics. It fails with a [*MissingError] if a publication that
	// bounds the query is in none of them.
	Events(ctx context.Context, query EventQuery) (EventPage, error)
	// Stats returns numbers.
	Stats() JournalStats
}

// Position is a place in the order of a journal. The epoch names the journal: the positions of another one mean
// nothing.
type Position struct {
	Epoch string
	Seq   uint64 // of the last publication before the place; below 2^53
}

// Placement tells a journal where to keep a publication.
type Placement struct {
	Entry *Entry
	Keep  Keep
	// Contract has its share of the room. For lack of room a journal gives up topics of the contract that takes the
	// most: a contract that takes no more than its share loses nothing to others.
	Contract string
	// IdempotencyKey makes the publication the same as an earlier one of its topic with this key. It names the
	// publisher before a zero byte. With no Keep it is the key alone that is kept. "": it is new.
	IdempotencyKey string
}

// Outcome tells whether a placement was stored, and if not, why.
type Outcome struct {
	Result
	Publication wamp.ID // of the earlier publication that the Result is about
	Version     int64   // of the newer document
}

// Result says what became of a placement.
type Result uint8

// The results of [Journal.Append].
const (
	Stored   Result = iota
	Repeated        // the same was published before: it is not stored, and must not be delivered again
	Outdated        // a newer version was published before; the same
)

// SinceQuery asks for what a subscription has to get after a position.
type SinceQuery struct {
	Subscription wamp.Subscription
	After        Position
	Last         int               // instead of After: the last so many; 0: After
	RetainOnly   bool              // also what is kept for those only that ask for what was retained
	Admits       func(*Entry) bool // nil: all; quick, and never calls the journal
	MaxEntries   int               // 0: no limit
	MaxBytes     int               // 0: no limit; one entry is returned in any case
}

// SincePage is the result of a SinceQuery.
type SincePage struct {
	Entries []*Entry
	From    uint64 // the Seq behind which the page is complete
	Upto    uint64 // the Seq up to which the page is complete
	Gap     bool   // not everything behind After is there: From is behind After
	More    bool   // a limit was reached: ask again after Upto
	Work    Work
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
	Upto    uint64 // the Seq up to which the page is complete
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

// JournalStats describes a journal. What is counted grows from its start.
type JournalStats struct {
	Topics  int // of which something is kept
	Bytes   int
	Dropped uint64 // topics that were given up for lack of room
	Written uint64 // records that were written to the store, each with the publications of one Append
	Read    uint64 // records that were read from the store

	Stored      int64  // bytes of the records that are in the store
	Compactions uint64 // of the store
}

// MissingError reports a publication that is not in the history, or not any more.
type MissingError struct{ Publication wamp.ID }

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the publication %d is not in the history, or not any more", e.Publication)
}

// Keep tells how much of a topic's publications is kept. The zero Keep keeps nothing.
type Keep struct {
	Last   int           // the last so many publications of a topic, or rows
	For    time.Duration // at most so long; 0: without end
	Bytes  int           // at most so many bytes of a topic; 0: no limit
	PerKey bool          // of each key only the last publication: the topic is a table
	// RetainOnly keeps a publication for subscribers that ask for what was retained, and not in the history.
	RetainOnly bool
}
