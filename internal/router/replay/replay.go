package replay

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Replay brings one subscriber from its start to now. The journal answers in pages, of which a page fits into a quarter
// of an outbox. A Replay is used by one goroutine at a time.
type Replay struct {
	Start
	source     *Source
	subscriber Subscriber

	prev     uint64 // the Seq that the client has
	upto     uint64 // all up to this Seq was sent
	first    publication.SincePage
	retained publication.RetainedPage
}

// Subscriber is the client that a replay is for.
type Subscriber struct {
	Session interface{ Receiver() publication.Receiver }
	Format  *outbox.Format
	Outbox  *outbox.Outbox
}

// Step holds the entries that are sent in one step.
type Step struct {
	Live bool // the entries are all that the subscriber has missed

	entries  []*publication.Entry
	gap      bool // before entries[gapAt] something is missing
	gapAt    int
	retained bool   // the entries answer get_retained, and move no position
	lastSeq  uint64 // of the event that says that it is the last one; encode sets it
	page     *Page  // the entries, if they were encoded already
}

// sends reports whether the client gets an event, as far as that is known.
func (s *Step) sends() bool { return len(s.entries) > 0 && (s.page == nil || s.page.sends()) }

// New returns a replay that has read nothing. It asks the journal of the source only if it is told to read.
func New(source *Source, start Start, subscriber Subscriber) Replay {
	return Replay{Start: start, source: source, subscriber: subscriber}
}

// ReadFirst asks the journal for the first page, and returns what its two queries have cost.
func (r *Replay) ReadFirst(sub wamp.Subscription) [2]publication.Work {
	r.read(sub)
	return [2]publication.Work{r.retained.Work, r.first.Work}
}

// EncodeAhead encodes what the subscriber will probably get, before a lock of the subscription is held.
func (r *Replay) EncodeAhead(sub wamp.Subscription) {
	what := Step{entries: r.first.Entries}
	if !r.first.More {
		what.Live, what.gapAt = true, len(what.entries)
	}
	for _, step := range []Step{{entries: r.retained.Entries, retained: true}, what} {
		if len(step.entries) > 0 {
			r.page(sub, step)
		}
	}
}

// read asks the journal for the first page.
func (r *Replay) read(sub wamp.Subscription) {
	journal := r.source.Journal
	switch {
	case r.Retained:
		q := r.query(sub, publication.SinceQuery{})
		r.retained = journal.Retained(publication.RetainedQuery{
			Subscription: sub, Admits: q.Admits, MaxEntries: 2 * q.MaxEntries, MaxBytes: 2 * q.MaxBytes,
		})
		r.first = publication.SincePage{From: r.retained.Upto, Upto: r.retained.Upto}
	case r.reads():
		r.first = journal.Since(r.query(sub, publication.SinceQuery{After: r.After, Last: r.Last}))
	default:
		now := journal.Position().Seq
		r.first = publication.SincePage{From: now, Upto: now}
	}
	r.prev = r.first.From
	if n := len(r.first.Entries); r.first.Gap && n > 0 {
		r.prev = r.first.Entries[0].Seq - 1
	}
}

// admits returns a function that reports whether a publication is for the subscriber, by the lists of that time and the
// identity of now.
func (r *Replay) admits() func(*publication.Entry) bool {
	receiver := r.subscriber.Session.Receiver()
	return func(e *publication.Entry) bool { return e.IsFor(receiver) }
}

// query completes a query for one page.
func (r *Replay) query(sub wamp.Subscription, q publication.SinceQuery) publication.SinceQuery {
	frames, bytes := r.subscriber.Outbox.Limits()
	q.Subscription, q.Admits, q.RetainOnly = sub, r.admits(), r.Retained
	q.MaxEntries, q.MaxBytes = max(frames/4, 1), bytes/4
	return q
}

// rereads bounds how often the first page is read again, because what came since was not kept until it was read.
const rereads = 10

// Begin returns the first step: the first page and, if that was the last one, what came since. Caller must hold the
// lock of the subscription.
func (r *Replay) Begin(sub wamp.Subscription) Step {
	now := r.complete(sub, r.first)
	for i := 0; now.gap && i < rereads; i++ {
		r.read(sub)
		now = r.complete(sub, r.first)
	}
	if r.Positions && now.Live && len(now.entries) > 0 {
		now.page = r.page(sub, now) // if no event of it can be sent, SUBSCRIBED says that it was the last one
	}
	if now.Live && !now.sends() {
		r.prev = r.upto
	}
	r.first.Entries = nil
	return now
}

// Postpone forgets the first step, which has no room now: [Replay.Next] reads it again.
func (r *Replay) Postpone() { r.upto = r.first.From }

// Next reads the page behind what was sent. Unlike Continue it needs no lock.
func (r *Replay) Next(sub wamp.Subscription) publication.SincePage { return r.since(sub, r.upto) }

// Continue returns the step of a page that Next has read. Caller must hold the lock of the subscription.
func (r *Replay) Continue(sub wamp.Subscription, page publication.SincePage) Step {
	now := r.complete(sub, page)
	if page.Gap && !r.first.Gap { // the client is slower than what is kept
		now.gap, now.gapAt = true, 0
	}
	r.first.Gap = false // SUBSCRIBED has told of what was missing at the beginning
	return now
}

// complete adds to the last page what was published since it was read. Caller must hold the lock of the subscription.
func (r *Replay) complete(sub wamp.Subscription, page publication.SincePage) Step {
	if r.source.Journal == nil {
		return Step{Live: true}
	}
	r.upto = page.Upto
	if page.More {
		return Step{entries: page.Entries}
	}
	rest := r.since(sub, page.Upto)
	r.upto = rest.Upto
	return Step{
		entries: append(slices.Clip(page.Entries), rest.Entries...), Live: !rest.More, gap: rest.Gap, gapAt: len(page.Entries),
	}
}

// since reads the page behind a Seq.
func (r *Replay) since(sub wamp.Subscription, seq uint64) publication.SincePage {
	after := publication.Position{Epoch: r.source.Journal.Position().Epoch, Seq: seq}
	return r.source.Journal.Since(r.query(sub, publication.SinceQuery{After: after}))
}

// Details returns what SUBSCRIBED says of the position of the client before its first step. kept tells that a history
// is kept of the subscription's topics.
func (r *Replay) Details(now Step, kept bool) wamp.Dict {
	details := wamp.Dict{}
	if now.Live && !now.sends() {
		details["_live"] = true
	}
	if !kept {
		if r.After.Epoch != "" { // nothing is kept any more
			details["_gap"] = true
		}
		return details
	}
	details["_epoch"], details["_seq"] = r.source.Journal.Position().Epoch, int64(r.prev)
	if r.first.Gap {
		details["_gap"], details["_oldest"] = true, int64(r.prev+1)
	}
	return details
}

// Sends reports whether a step sends something.
func (r *Replay) Sends(now Step) bool { return now.sends() || len(r.retained.Entries) > 0 }

// Room returns how many frames and bytes may be queued when a step begins. A step sends two pages at most: one that was
// read, and what came since; and before them retained events, which take as much as two pages.
func (r *Replay) Room() (frames, bytes int) {
	frames, bytes = r.subscriber.Outbox.Limits()
	if len(r.retained.Entries) > 0 {
		return max(frames/4-1, 0), bytes / 4
	}
	return max(frames/2-1, 0), bytes / 2
}

// Place returns the place of the subscriber behind what was sent.
func (r *Replay) Place(live bool) encode.Place {
	at := encode.Place(r.upto)
	if r.Positions {
		at = encode.Place(r.prev) | encode.WithPositions
	}
	if !live {
		at |= encode.CatchingUp
	}
	return at
}
