package journal

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Retained implements [publication.Journal].
func (m *Memory) Retained(_ context.Context, q publication.RetainedQuery) (publication.RetainedPage, error) {
	found, examined := m.retained(q)
	slices.SortFunc(found, bySequence)
	first, bytes := len(found), 0
	for first > 0 && len(found)-first < q.MaxEntries && bytes+found[first-1].size <= q.MaxBytes {
		first--
		bytes += found[first].size
	}
	page := publication.RetainedPage{Work: publication.Work{Examined: examined, Returned: len(found) - first, Bytes: bytes}}
	for _, it := range found[first:] {
		page.Entries = append(page.Entries, it.Entry)
	}
	return page, nil
}

func (m *Memory) retained(q publication.RetainedQuery) (found []*item, examined int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q.Subscription.Match != wamp.MatchExact {
		examined = len(m.logs)
	}
	for log := range m.matchLocked(q.Subscription) {
		for _, it := range slices.Backward(log.retained) {
			examined++
			if q.Admits == nil || q.Admits(it.Entry) {
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
func (m *Memory) Events(ctx context.Context, q publication.EventQuery) (publication.EventPage, error) {
	merged, err := m.merge(&q)
	if err != nil {
		return publication.EventPage{}, err
	}
	page := pageOf{query: &q, EventPage: publication.EventPage{Work: publication.Work{Examined: merged.examined}}}
	most := itemsAtOnce
	if q.MaxEntries > 0 {
		most = min(most, q.MaxEntries+1) // one more tells whether there are more
	}
	for {
		items := m.next(merged, most)
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
	if q.Admits != nil && !q.Admits(it.Entry) {
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

func (m *Memory) merge(q *publication.EventQuery) (*merge, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.windowLocked(q)
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
		merged.examined = len(m.logs)
	}
	for log := range m.matchLocked(topics) {
		if it := log.next(w, q.Reverse); it != nil {
			merged.heads = append(merged.heads, head{log, it})
		}
	}
	heap.Init(merged)
	return merged, nil
}

// next returns the next items, fewer than most only at the end. What was appended or given up since the last call does
// not change the order.
func (m *Memory) next(merged *merge, most int) []*item {
	m.mu.Lock()
	defer m.mu.Unlock()
	var items []*item
	for len(items) < most && len(merged.heads) > 0 {
		first := &merged.heads[0]
		items = append(items, first.item)
		rest := merged.window
		if merged.reverse {
			rest.before = first.sequence
		} else {
			rest.after = first.sequence
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
	return (merged.heads[i].sequence < merged.heads[j].sequence) != merged.reverse
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
func (m *Memory) windowLocked(q *publication.EventQuery) (window, error) {
	w := window{after: 0, before: m.last + 1}
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
		it := m.history[bound.id]
		if it == nil || !pattern.Matches(q.Subscription.Topic, q.Subscription.Match, it.Topic) {
			return window{}, fmt.Errorf("bound the events: %w", &publication.MissingError{Publication: bound.id})
		}
		bound.limit(it.sequence)
	}
	return w, nil
}

// cut returns the part of a topic's history that is in the window.
func (w window) cut(history []*item) []*item {
	start, _ := slices.BinarySearchFunc(history, w.after+1, compareSequence)
	end, _ := slices.BinarySearchFunc(history, w.before, compareSequence)
	return history[start:max(start, end)]
}

// matchLocked iterates over the logs of the topics that a subscription matches.
func (m *Memory) matchLocked(sub wamp.Subscription) iter.Seq[*topicLog] {
	return func(yield func(*topicLog) bool) {
		if sub.Match == wamp.MatchExact {
			if log := m.logs[sub.Topic]; log != nil {
				yield(log)
			}
			return
		}
		for topic, log := range m.logs {
			if pattern.Matches(sub.Topic, sub.Match, topic) && !yield(log) {
				return
			}
		}
	}
}

func bySequence(a, b *item) int { return cmp.Compare(a.sequence, b.sequence) }

func compareSequence(it *item, sequence uint64) int { return cmp.Compare(it.sequence, sequence) }
