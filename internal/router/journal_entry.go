package router

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

// entry returns the publication without its session. It copies what the publication shares: the payload is a part of
// the frame in which it came, and a component may change its lists.
func (p *Publication) entry() *Entry {
	made := &Entry{
		Topic:       p.Topic,
		Publication: p.ID,
		At:          time.Now().Truncate(time.Millisecond),
		Payload:     p.Payload.Clone(),
		Details:     p.details(),
		Filter:      p.Filter.clone(),
	}
	if p.Publisher != nil && !p.Filter.IncludePublisher {
		made.Publisher = p.Publisher.id
	}
	return made
}

func entriesOf(run []Publication) []*Entry {
	entries := make([]*Entry, len(run))
	for i := range run {
		entries[i] = run[i].entry()
	}
	return entries
}

// Size returns about how many bytes it costs to keep the publication in memory.
func (p *Publication) Size() int { return entrySize(p.Topic, &p.Payload, &p.Filter) }

// Size returns about how many bytes the entry costs in memory.
func (e *Entry) Size() int { return entrySize(e.Topic, &e.Payload, &e.Filter) }

func entrySize(topic wamp.URI, payload *wamp.Payload, filter *Filter) int {
	return entryBytes + len(topic) + len(payload.Args) + len(payload.Kwargs) + filter.size()
}

// Admits reports whether the lists of receivers admit the session. It ignores that the publisher may be left out.
func (e *Entry) Admits(s *Session) bool { return e.Filter.admits(s) }

// IsFor reports whether the session would have got the publication when it was delivered.
func (e *Entry) IsFor(s *Session) bool { return s.id != e.Publisher && e.Filter.admits(s) }

// Event returns the event of the publication for a subscription.
func (e *Entry) Event(sub Subscription) *wamp.Event {
	details := make(wamp.Dict, len(e.Details)+2)
	maps.Copy(details, e.Details)
	if sub.Match != wamp.MatchExact {
		details["topic"] = string(e.Topic)
	}
	return &wamp.Event{Subscription: sub.ID, Publication: e.Publication, Details: details, Payload: e.Payload, Topic: e.Topic}
}
