package journal

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Since implements [publication.Journal].
func (j *Journal) Since(q publication.SinceQuery) publication.SincePage {
	j.mu.RLock()
	defer j.mu.RUnlock()
	w := walk{journal: j, query: &q, now: time.Now(), log: j.logs[q.Subscription.Topic]}
	if q.Subscription.Match != wamp.MatchExact {
		w.log = nil
	}
	page := publication.SincePage{From: q.After.Seq, Upto: j.last}
	switch {
	case q.Last > 0:
		page.From = w.lastFew(q.Last)
	case !j.knowsLocked(q.After):
		page.From, page.Gap = 0, true
	case w.floor(q.After.Seq) > q.After.Seq:
		page.Gap = true
		if w.log != nil && w.log.keep.PerKey {
			page.From = 0 // all rows, because a deletion may be missing
		}
	}
	w.fill(&page)
	return page
}

// knowsLocked reports whether a position is one of this journal.
func (j *Journal) knowsLocked(p publication.Position) bool {
	return p.Epoch == j.epoch && p.Seq <= j.last && !j.inHole(p.Seq)
}

// walk walks over what a subscription has in the index.
type walk struct {
	journal  *Journal
	query    *publication.SinceQuery
	now      time.Time
	log      *topicLog // of an exact topic; nil: it has none, or there is a pattern
	examined int
}

// floor returns the Seq behind which nothing is missing, if it is behind a position.
func (w *walk) floor(position uint64) uint64 {
	j, sub := w.journal, w.query.Subscription
	switch {
	case w.log != nil:
		return w.log.floor
	case j.floor <= position:
		return 0
	case sub.Match == wamp.MatchExact:
		return j.given
	}
	highest := j.given
	w.examined += len(j.logs)
	for log := range j.matchLocked(sub) {
		highest = max(highest, log.floor)
	}
	return highest
}

// items walks over the items behind a Seq, among them those of other topics.
func (w *walk) items(position uint64) iter.Seq[*item] {
	if w.log != nil {
		return slices.Values(window{after: position, before: math.MaxUint64}.cut(w.log.items))
	}
	return func(yield func(*item) bool) {
		if w.query.Subscription.Match == wamp.MatchExact {
			return
		}
		for _, s := range after(w.journal.tail, position) {
			if s.item != nil && !yield(s.item) {
				return
			}
		}
	}
}

// most returns the number of items that a page behind a Seq may have, where that is known at once.
func (w *walk) most(position uint64) int {
	if w.log == nil {
		return 0
	}
	n := len(window{after: position, before: math.MaxUint64}.cut(w.log.items))
	if w.query.MaxEntries > 0 {
		n = min(n, w.query.MaxEntries)
	}
	return n
}

// backward is items from the last one to the first.
func (w *walk) backward() iter.Seq[*item] {
	return func(yield func(*item) bool) {
		if w.log != nil {
			for _, it := range slices.Backward(w.log.items) {
				if !yield(it) {
					return
				}
			}
			return
		}
		for _, s := range slices.Backward(w.journal.tail) {
			if s.item != nil && !yield(s.item) {
				return
			}
		}
	}
}

// takes reports whether the subscription gets an item.
func (w *walk) takes(it *item) bool {
	w.examined++
	q := w.query
	switch {
	case w.log == nil && !pattern.Matches(q.Subscription.Topic, q.Subscription.Match, it.Topic),
		w.over(it):
		return false
	}
	return q.Admits == nil || q.Admits(it.Entry)
}

// over reports whether an item is over its time, or is there for those only that ask for what was retained.
func (w *walk) over(it *item) bool {
	log := w.log
	if log == nil {
		log = w.journal.logs[it.Topic]
	}
	return log.keep.RetainOnly && !w.query.RetainOnly || log.expired(it, w.now)
}

// lastFew returns the Seq behind which the last n items are.
func (w *walk) lastFew(n int) uint64 {
	position := w.journal.last
	for it := range w.backward() {
		if !w.takes(it) {
			continue
		}
		position = it.Seq - 1
		if n--; n == 0 {
			break
		}
	}
	return position
}

// fill adds the items behind the page's From.
func (w *walk) fill(page *publication.SincePage) {
	q, work := w.query, &page.Work
	page.Entries = make([]*publication.Entry, 0, w.most(page.From))
	for it := range w.items(page.From) {
		if !w.takes(it) {
			continue
		}
		if q.MaxEntries > 0 && work.Returned == q.MaxEntries || q.MaxBytes > 0 && work.Bytes+it.size > q.MaxBytes && work.Returned > 0 {
			page.More = true
			page.Upto = page.Entries[len(page.Entries)-1].Seq
			break
		}
		work.Returned++
		work.Bytes += it.size
		page.Entries = append(page.Entries, it.Entry)
	}
	work.Examined = w.examined
}
