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
	// PublisherPage is the page of that session: its later sessions are left out, too.
	PublisherPage Page

	Seq     uint64 // the place in the journal's order, which [Journal.Append] sets; 0: it is not kept
	Key     string // of the row, where the topic is a table
	Delete  bool   // the row is deleted
	Version int64  // of the document that the topic, or the row, is about; 0: it has none
}

// Page is the identity of a page, which outlives its sessions. A client can name any tab, and events tell a tab to
// other pages, so the user is a part of it, and whether that is a user or an API key. Anonymous sessions have an authid
// of their own each, so they share no page.
type Page struct {
	AuthID, Tenant, Tab string
	Backend             bool // AuthID is that of an API key
	AnyTenant           bool // the tenant is not known
}

// Has reports whether the session is one of the page.
func (p Page) Has(r Receiver) bool {
	return p.Tab == r.Tab && p.AuthID == r.AuthID && p.Backend == r.Backend && (p.AnyTenant || p.Tenant == r.Tenant)
}

// Known reports whether the session said which page it belongs to.
func (p Page) Known() bool { return p.Tab != "" }

// entryBytes is about what an entry costs in memory without its payload and lists.
const entryBytes = 500

// Size returns about how many bytes the entry costs in memory.
func (e *Entry) Size() int { return Size(e.Topic, &e.Payload, &e.Filter) + 2*len(e.Key) }

// Bytes returns the length of the payload.
func (e *Entry) Bytes() int { return len(e.Payload.Args) + len(e.Payload.Kwargs) }

// Size returns about how many bytes it costs to keep a publication in memory.
func Size(topic wamp.URI, payload *wamp.Payload, filter *Filter) int {
	return entryBytes + len(topic) + len(payload.Args) + len(payload.Kwargs) + filter.size()
}

// Admits reports whether the lists of receivers admit the session. It ignores that the publisher may be left out.
func (e *Entry) Admits(r Receiver) bool { return e.Filter.Admits(r) }

// IsFor reports whether the session would have got the publication when it was delivered.
func (e *Entry) IsFor(r Receiver) bool {
	own := r.Session == e.Publisher || e.PublisherPage.Known() && e.PublisherPage.Has(r)
	return !own && (e.Filter.AdmitsAll() || e.Filter.Admits(r))
}

// Event returns the event of the publication for a subscription.
func (e *Entry) Event(sub wamp.Subscription) *wamp.Event {
	details := make(wamp.Dict, len(e.Details)+6)
	maps.Copy(details, e.Details)
	if sub.Match != wamp.MatchExact {
		details["topic"] = string(e.Topic)
	}
	return &wamp.Event{Subscription: sub.ID, Publication: e.Publication, Details: details, Payload: e.Payload, Topic: e.Topic}
}

// AddPosition adds the position after the event, the Seq of the event before it in the same subscription, and what the
// publisher said of the row and the document.
func (e *Entry) AddPosition(details wamp.Dict, epoch string, before uint64) {
	details["_epoch"], details["_seq"], details["_prev"] = epoch, int64(e.Seq), int64(before)
	if e.Key != "" {
		details["_key"] = e.Key
	}
	if e.Delete {
		details["_delete"] = true
	}
	if e.Version != 0 {
		details["_version"] = e.Version
	}
}
