package journal

import (
	"cmp"
	linked "container/list"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultTopics bounds the topics of which publications are kept.
	DefaultTopics = 10_000
	// DefaultBytes bounds the memory for what is kept.
	DefaultBytes = 64 << 20
)

// Options bound a journal. Zero means the default.
type Options struct {
	Topics int // over either limit the topic that was silent for the longest is given up
	Bytes  int
}

// Memory is a journal in memory. It never blocks and never fails. Safe for concurrent use.
type Memory struct {
	options Options

	mu      sync.Mutex // guards what follows; no lock is taken under it
	logs    map[wamp.URI]*linked.Element
	silent  linked.List       // of *topicLog; the topic that was silent for the longest is first
	history map[wamp.ID]*item // what is in a history, by the id of the publication
	last    uint64            // the last sequence number
	bytes   int
	dropped uint64
}

// item is an entry with its place in the order of appending, which is one order over all topics.
type item struct {
	*publication.Entry
	sequence uint64
	size     int
}

// New returns an empty journal.
func New(options Options) *Memory {
	options.Topics = cmp.Or(options.Topics, DefaultTopics)
	options.Bytes = cmp.Or(options.Bytes, DefaultBytes)
	return &Memory{options: options, logs: make(map[wamp.URI]*linked.Element), history: make(map[wamp.ID]*item)}
}

// Append implements [publication.Journal].
func (m *Memory) Append(_ context.Context, placements []publication.Placement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range placements {
		m.appendLocked(p)
	}
	return nil
}

func (m *Memory) appendLocked(p publication.Placement) {
	m.last++
	added := &item{Entry: p.Entry, sequence: m.last, size: p.Entry.Size()}
	log := m.logLocked(p.Entry.Topic)
	m.bytes -= log.bytes
	if p.Retain {
		log.retain(added)
	}
	if p.History > 0 {
		m.forgetLocked(log.surplus(p.History))
		log.append(added, p.History)
		m.history[added.Publication] = added
	}
	m.bytes += log.bytes
	m.shrinkLocked()
}

// logLocked returns the log of a topic and marks it as the last that is given up.
func (m *Memory) logLocked(topic wamp.URI) *topicLog {
	if at := m.logs[topic]; at != nil {
		m.silent.MoveToBack(at)
		return at.Value.(*topicLog)
	}
	made := &topicLog{topic: topic}
	m.logs[topic] = m.silent.PushBack(made)
	return made
}

func (m *Memory) shrinkLocked() {
	for m.bytes > m.options.Bytes || m.silent.Len() > m.options.Topics {
		log := m.silent.Remove(m.silent.Front()).(*topicLog)
		delete(m.logs, log.topic)
		m.forgetLocked(log.history)
		m.bytes -= log.bytes
		m.dropped++
	}
}

// forgetLocked takes items that are no longer in a history from the index.
func (m *Memory) forgetLocked(items []*item) {
	for _, old := range items {
		if m.history[old.Publication] == old {
			delete(m.history, old.Publication)
		}
	}
}

// Retained implements [publication.Journal].
func (m *Memory) Retained(_ context.Context, q publication.RetainedQuery) ([]*publication.Entry, error) {
	found := m.retained(q)
	slices.SortFunc(found, bySequence)
	bytes := 0
	for i, it := range slices.Backward(found) {
		bytes += it.size
		if len(found)-i > q.MaxEntries || bytes > q.MaxBytes {
			return entries(found[i+1:]), nil
		}
	}
	return entries(found), nil
}

func (m *Memory) retained(q publication.RetainedQuery) []*item {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []*item
	for log := range m.matchLocked(q.Subscription) {
		for _, it := range slices.Backward(log.retained) {
			if q.Admits == nil || q.Admits(it.Entry) {
				found = append(found, it)
				break
			}
		}
	}
	return found
}

// Events implements [publication.Journal].
func (m *Memory) Events(_ context.Context, q publication.EventQuery) (publication.EventPage, error) {
	found, err := m.events(&q)
	if err != nil {
		return publication.EventPage{}, err
	}
	if q.Reverse {
		slices.Reverse(found)
	}
	var page publication.EventPage
	bytes := 0
	for _, it := range found {
		if q.Admits != nil && !q.Admits(it.Entry) {
			continue
		}
		bytes += it.size
		if q.MaxEntries > 0 && len(page.Entries) == q.MaxEntries || q.MaxBytes > 0 && bytes > q.MaxBytes && len(page.Entries) > 0 {
			page.More = true
			break
		}
		page.Entries = append(page.Entries, it.Entry)
	}
	return page, nil
}

// events returns what the bounds of the query leave, in the order of appending.
func (m *Memory) events(q *publication.EventQuery) ([]*item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, err := m.windowLocked(q)
	if err != nil {
		return nil, err
	}
	var found []*item
	topics := 0
	for log := range m.matchLocked(q.Subscription) {
		found = append(found, w.cut(log.history)...)
		topics++
	}
	if topics > 1 {
		slices.SortFunc(found, bySequence)
	}
	return found, nil
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
			if at := m.logs[sub.Topic]; at != nil {
				yield(at.Value.(*topicLog))
			}
			return
		}
		for topic, at := range m.logs {
			if pattern.Matches(sub.Topic, sub.Match, topic) && !yield(at.Value.(*topicLog)) {
				return
			}
		}
	}
}

// Stats implements [publication.Journal].
func (m *Memory) Stats() publication.JournalStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return publication.JournalStats{Topics: m.silent.Len(), Bytes: m.bytes, Dropped: m.dropped}
}

func entries(items []*item) []*publication.Entry {
	all := make([]*publication.Entry, len(items))
	for i, it := range items {
		all[i] = it.Entry
	}
	return all
}

func bySequence(a, b *item) int { return cmp.Compare(a.sequence, b.sequence) }

func compareSequence(it *item, sequence uint64) int { return cmp.Compare(it.sequence, sequence) }

var _ publication.Journal = (*Memory)(nil)
