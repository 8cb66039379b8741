package publication

import (
	"maps"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Entry is one publication without its session: the journal keeps it, and a relay carries it to other nodes. It never
// changes, and may be shared.
type Entry struct {
	Topic       wamp.URI
	Publication wamp.ID
	At          time.Time // in milliseconds, as get_events returns it
	Payload     wamp.Payload
	Details     wamp.Dict // of its events, without what depends on the subscription
	Filter      Filter
	Publisher   wamp.ID // the session that is left out; 0: none
}

// entryBytes is about what an entry costs in memory without its payload and lists.
const entryBytes = 400

// Size returns about how many bytes the entry costs in memory.
func (e *Entry) Size() int { return Size(e.Topic, &e.Payload, &e.Filter) }

// Size returns about how many bytes it costs to keep a publication in memory.
func Size(topic wamp.URI, payload *wamp.Payload, filter *Filter) int {
	return entryBytes + len(topic) + len(payload.Args) + len(payload.Kwargs) + filter.size()
}

// Admits reports whether the lists of receivers admit the session. It ignores that the publisher may be left out.
func (e *Entry) Admits(r Receiver) bool { return e.Filter.Admits(r) }

// IsFor reports whether the session would have got the publication when it was delivered.
func (e *Entry) IsFor(r Receiver) bool { return r.Session != e.Publisher && e.Filter.Admits(r) }

// Event returns the event of the publication for a subscription.
func (e *Entry) Event(sub wamp.Subscription) *wamp.Event {
	details := make(wamp.Dict, len(e.Details)+2)
	maps.Copy(details, e.Details)
	if sub.Match != wamp.MatchExact {
		details["topic"] = string(e.Topic)
	}
	return &wamp.Event{Subscription: sub.ID, Publication: e.Publication, Details: details, Payload: e.Payload, Topic: e.Topic}
}
