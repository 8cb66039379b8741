package journal

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Retained implements [publication.Journal].
func (j *Journal) Retained(q publication.RetainedQuery) publication.RetainedPage {
	j.mu.RLock()
	defer j.mu.RUnlock()
	found, examined := j.retainedLocked(q)
	slices.SortFunc(found, bySeq)
	first, bytes := len(found), 0
	for first > 0 && len(found)-first < q.MaxEntries && bytes+found[first-1].size <= q.MaxBytes {
		first--
		bytes += found[first].size
	}
	page := publication.RetainedPage{Upto: j.last, Work: publication.Work{Examined: examined, Returned: len(found) - first, Bytes: bytes}}
	for _, it := range found[first:] {
		page.Entries = append(page.Entries, it.Entry)
	}
	return page
}

func (j *Journal) retainedLocked(q publication.RetainedQuery) (found []*item, examined int) {
	now := time.Now()
	if q.Subscription.Match != wamp.MatchExact {
		examined = len(j.logs)
	}
	for log := range j.matchLocked(q.Subscription) {
		for _, it := range slices.Backward(log.items) {
			examined++
			if !it.Delete && !log.expired(it, now) && (q.Admits == nil || q.Admits(it.Entry)) {
				found = append(found, it)
				break
			}
		}
	}
	return found, examined
}

// itemsAtOnce bounds the items that a query looks at before it lets others have the journal.
const itemsAtOnce = 1000

// Events implements [publication.Journal]. It takes the items of the topics in their common order, and only as many as
// the page takes.
func (j *Journal) Events(ctx context.Context, q publication.EventQuery) (publication.EventPage, error) {
	merged, err := j.merge(&q)
	if err != nil {
		return publication.EventPage{}, err
	}
	page := pageOf{query: &q, EventPage: publication.EventPage{Work: publication.Work{Examined: merged.examined}}}
	most := itemsAtOnce
	if q.MaxEntries > 0 {
		most = min(most, q.MaxEntries+1) // one more tells whether there are more
	}
	for {
		items := j.next(merged, most)
		for _, it := range items {
			if !page.add(it) {
				return page.EventPage, nil
			}
		}
		if len(items) < most {
			return page.EventPage, nil
		}
		if err := ctx.Err(); err != nil {
			return publication.EventPage{}, err
		}
	}
}

// pageOf is a page that is being filled.
type pageOf struct {
	query *publication.EventQuery
	publication.EventPage
}

// add reports whether the page may take further items.
func (p *pageOf) add(it *item) bool {
	q, work := p.query, &p.Work
	work.Examined++
	if it.Filter.ForSingleSessions() || q.Admits != nil && !q.Admits(it.Entry) {
		return true
	}
	if q.MaxEntries > 0 && work.Returned == q.MaxEntries || q.MaxBytes > 0 && work.Bytes+it.size > q.MaxBytes && work.Returned > 0 {
		p.More = true
		return false
	}
	work.Returned++
	work.Bytes += it.size
	p.Entries = append(p.Entries, it.Entry)
	return true
}

// merge walks over the histories of several topics in the order of appending, or backwards.
type merge struct {
	window   window
	reverse  bool
	heads    []head // a heap: the next item of each topic that has one
	examined int    // topics
}

// head is the next item of one topic.
type head struct {
	log *topicLog
	*item
}

func (j *Journal) merge(q *publication.EventQuery) (*merge, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	w, err := j.windowLocked(q)
	if err != nil {
		return nil, err
	}
	merged := &merge{window: w, reverse: q.Reverse}
	topics := q.Subscription
	switch {
	case q.Topic != "" && !pattern.Matches(topics.Topic, topics.Match, q.Topic):
		return merged, nil
	case q.Topic != "":
		topics = wamp.Subscription{Topic: q.Topic}
	case topics.Match != wamp.MatchExact:
		merged.examined = len(j.logs)
	}
	now := time.Now()
	for log := range j.matchLocked(topics) {
		if log.keep.RetainOnly {
			continue
		}
		if it := log.next(w.from(log, now), q.Reverse); it != nil {
			merged.heads = append(merged.heads, head{log, it})
		}
	}
	heap.Init(merged)
	return merged, nil
}

// next returns the next items, fewer than most only at the end. What was appended or given up since the last call does
// not change the order.
func (j *Journal) next(merged *merge, most int) []*item {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var items []*item
	for len(items) < most && len(merged.heads) > 0 {
		first := &merged.heads[0]
		items = append(items, first.item)
		rest := merged.window
		if merged.reverse {
			rest.before = first.Seq
		} else {
			rest.after = first.Seq
		}
		if first.item = first.log.next(rest, merged.reverse); first.item == nil {
			heap.Pop(merged)
		} else {
			heap.Fix(merged, 0)
		}
	}
	return items
}

// Len implements [heap.Interface].
func (merged *merge) Len() int { return len(merged.heads) }

// Less implements [heap.Interface].
func (merged *merge) Less(i, j int) bool {
	return (merged.heads[i].Seq < merged.heads[j].Seq) != merged.reverse
}

// Swap implements [heap.Interface].
func (merged *merge) Swap(i, j int) {
	merged.heads[i], merged.heads[j] = merged.heads[j], merged.heads[i]
}

// Push implements [heap.Interface].
func (merged *merge) Push(added any) { merged.heads = append(merged.heads, added.(head)) }

// Pop implements [heap.Interface].
func (merged *merge) Pop() any {
	last := len(merged.heads) - 1
	popped := merged.heads[last]
	merged.heads = merged.heads[:last]
	return popped
}

// window is the range of sequence numbers between two that do not belong to it.
type window struct{ after, before uint64 }

// windowLocked looks the publications that bound the query up in the index.
func (j *Journal) windowLocked(q *publication.EventQuery) (window, error) {
	w := window{after: 0, before: j.last + 1}
	for _, bound := range []struct {
		id    wamp.ID
		limit func(sequence uint64)
	}{
		{q.From, func(at uint64) { w.after = max(w.after, at-1) }},
		{q.After, func(at uint64) { w.after = max(w.after, at) }},
		{q.Before, func(at uint64) { w.before = min(w.before, at) }},
		{q.Until, func(at uint64) { w.before = min(w.before, at+1) }},
	} {
		if bound.id == 0 {
			continue
		}
		it := j.history[bound.id]
		if it == nil || !pattern.Matches(q.Subscription.Topic, q.Subscription.Match, it.Topic) {
			return window{}, fmt.Errorf("bound the events: %w", &publication.MissingError{Publication: bound.id})
		}
		bound.limit(it.Seq)
	}
	return w, nil
}

// from returns the window without what is over its time.
func (w window) from(log *topicLog, now time.Time) window {
	for _, it := range log.items {
		if !log.expired(it, now) {
			break
		}
		w.after = max(w.after, it.Seq)
	}
	return w
}

// cut returns the part of a topic's items that is in the window.
func (w window) cut(items []*item) []*item {
	start, _ := slices.BinarySearchFunc(items, w.after+1, compareSeq)
	end, _ := slices.BinarySearchFunc(items, w.before, compareSeq)
	return items[start:max(start, end)]
}

// matchLocked iterates over the logs of the topics that a subscription matches.
func (j *Journal) matchLocked(sub wamp.Subscription) iter.Seq[*topicLog] {
	return func(yield func(*topicLog) bool) {
		if sub.Match == wamp.MatchExact {
			if log := j.logs[sub.Topic]; log != nil {
				yield(log)
			}
			return
		}
		for topic, log := range j.logs {
			if pattern.Matches(sub.Topic, sub.Match, topic) && !yield(log) {
				return
			}
		}
	}
}

func bySeq(a, b *item) int { return cmp.Compare(a.Seq, b.Seq) }
