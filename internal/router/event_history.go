package router

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Kept is one publication in the history of its topic.
type Kept struct{ record *record }

// History lists what is kept of the topics that a subscription matches, in the order of arrival.
func (r *Realm) History(sub Subscription) []Kept {
	records := r.history.events(sub)
	all := make([]Kept, len(records))
	for i, kept := range records {
		all[i] = Kept{kept}
	}
	return all
}

// KeepsHistory reports whether a history is kept of the topics that a subscription matches. For a pattern it reports
// whether one may be kept: new topics may come.
func (r *Realm) KeepsHistory(sub Subscription) bool {
	ask := r.router.options.Retention
	return ask != nil && (sub.Match != wamp.MatchExact || ask(sub.Topic).History > 0)
}

// Publication returns the publication's id.
func (k Kept) Publication() wamp.ID { return k.record.publication }

// Topic returns the publication's topic.
func (k Kept) Topic() wamp.URI { return k.record.topic }

// At returns when it was published, in milliseconds.
func (k Kept) At() time.Time { return k.record.at }

// Size returns about how many bytes of memory it takes.
func (k Kept) Size() int { return k.record.size }

// Admits reports whether the lists of receivers admit the session. That the publisher leaves itself out does not count:
// a history is a record, not a delivery.
func (k Kept) Admits(s *Session) bool { return k.record.receivers.admits(s.client) }

// Event returns the event of the publication for a subscription.
func (k Kept) Event(sub Subscription) *wamp.Event { return k.record.event(sub) }
