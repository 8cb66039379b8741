package journal

import (
	linked "container/list"
	"slices"
	"sort"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxBeside bounds the publications with lists of receivers beside the last one for all, where the last one for
	// all would have to go for them.
	maxBeside = 8
	// deletedFor is how long the deletion of a row is told, where a contract has no time.
	deletedFor = time.Hour
)

// topicLog holds the kept publications of one topic. The journal's lock guards it.
type topicLog struct {
	topic   wamp.URI
	share   *share          // of its contract
	place   *linked.Element // in the share; its value is the log
	keep    publication.Keep
	items   []*item          // oldest first
	rows    map[string]*item // by key, where the topic is a table
	forAll  *item            // the last one for all sessions
	bytes   int
	floor   uint64 // behind it nothing is missing
	version int64  // the highest so far
}

// add appends an item, and returns those that it replaces.
func (l *topicLog) add(added *item, keep publication.Keep, now time.Time) (gone []*item) {
	l.keep = keep
	l.version = max(l.version, added.Version)
	if keep.PerKey {
		gone = l.replaceRow(added)
	}
	l.items = append(l.items, added)
	l.bytes += added.size
	if added.Filter.AdmitsAll() {
		l.forAll = added
	}
	gone = append(gone, l.expire(now)...)
	for l.full() {
		gone = append(gone, l.drop(l.oldest()))
	}
	return gone
}

// full reports whether an item has to go.
func (l *topicLog) full() bool {
	most := l.keep.Last
	if l.forAll == nil || l.items[0] == l.forAll {
		most = max(most, maxBeside)
	}
	return len(l.items) > most || l.keep.Bytes > 0 && l.bytes > l.keep.Bytes && len(l.items) > 1
}

// oldest returns the place of the item that has to go. The last one for all stays.
func (l *topicLog) oldest() int {
	if l.items[0] == l.forAll && len(l.items) > 1 {
		return 1
	}
	return 0
}

// replaceRow takes the row of the same key out. Nothing is missing then: the new row has taken its place.
func (l *topicLog) replaceRow(added *item) []*item {
	if l.rows == nil {
		l.rows = make(map[string]*item)
	}
	old := l.rows[added.Key]
	l.rows[added.Key] = added
	if old == nil {
		return nil
	}
	at, _ := slices.BinarySearchFunc(l.items, old.Seq, compareSeq)
	l.remove(at)
	return []*item{old}
}

// drop removes an item, which is missing from now on.
func (l *topicLog) drop(at int) *item {
	dropped := l.items[at]
	l.floor = max(l.floor, dropped.Seq)
	if l.rows[dropped.Key] == dropped {
		delete(l.rows, dropped.Key)
	}
	l.remove(at)
	return dropped
}

func (l *topicLog) remove(at int) {
	l.bytes -= l.items[at].size
	if l.items[at] == l.forAll {
		l.forAll = nil
	}
	if at == 0 {
		l.items[0] = nil
		l.items = l.items[1:]
		return
	}
	l.items = slices.Delete(l.items, at, at+1)
}

// expire removes the items that are over their time.
func (l *topicLog) expire(now time.Time) (gone []*item) {
	for len(l.items) > 0 && l.expired(l.items[0], now) {
		gone = append(gone, l.drop(0))
	}
	return gone
}

func (l *topicLog) expired(it *item, now time.Time) bool {
	limit := l.keep.For
	if limit == 0 && it.Delete {
		limit = deletedFor
	}
	return limit > 0 && now.Sub(it.kept) > limit
}

// versionOf returns the version of the document that a publication is about; 0: unknown.
func (l *topicLog) versionOf(e *publication.Entry, keep publication.Keep) int64 {
	if !keep.PerKey {
		return l.version
	}
	if row := l.rows[e.Key]; row != nil {
		return row.Version
	}
	return 0
}

// next returns the first item that is in the window, or the last one if reverse; nil: there is none.
func (l *topicLog) next(w window, reverse bool) *item {
	switch items := w.cut(l.items); {
	case len(items) == 0:
		return nil
	case reverse:
		return items[len(items)-1]
	default:
		return items[0]
	}
}

// after returns the slots behind a Seq.
func after(slots []slot, seq uint64) []slot {
	return slots[sort.Search(len(slots), func(i int) bool { return slots[i].seq > seq }):]
}

func compareSeq(it *item, seq uint64) int {
	switch {
	case it.Seq < seq:
		return -1
	case it.Seq > seq:
		return 1
	}
	return 0
}
