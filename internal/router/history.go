package router

import (
	"cmp"
	linked "container/list"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maxRetained bounds the retained events of one topic: the last that everybody may see, and newer
// ones that only some may.
const maxRetained = 8

// history keeps publications in memory, within bounds: over them it gives up the topic that has been
// silent for the longest.
type history struct {
	limits *Limits

	mu      sync.Mutex // guards what follows; no lock is taken under it
	logs    map[wamp.URI]*linked.Element
	order   linked.List // of *shelf, the longest silent first
	last    uint64
	bytes   int
	dropped uint64 // topics that were given up
}

// topicLog is what is kept of one topic.
type topicLog struct {
	topic    wamp.URI
	retained []*record // oldest first; only the first may be for everybody
	history  []*record // oldest first
	bytes    int
}

// placement says where a record goes.
type placement struct {
	retain  bool
	history int // how many the topic keeps; 0: not there
}

// limit bounds what is taken out at once.
type limit struct{ events, bytes int }

func (a *history) init(limits *Limits) {
	a.limits, a.logs = limits, make(map[wamp.URI]*linked.Element)
}

func (a *history) append(r *record, where placement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	r.sequence = a.last
	s := a.topicLogLocked(r.topic)
	before := s.bytes
	if where.retain {
		s.retain(r)
	}
	if where.history > 0 {
		s.append(r, where.history)
	}
	a.bytes += s.bytes - before
	a.shrinkLocked()
}

// topicLogLocked gives the topic's shelf and makes it the last to be given up.
func (a *history) topicLogLocked(topic wamp.URI) *topicLog {
	if at := a.logs[topic]; at != nil {
		a.order.MoveToBack(at)
		return at.Value.(*topicLog)
	}
	made := &topicLog{topic: topic}
	a.logs[topic] = a.order.PushBack(made)
	return made
}

func (a *history) shrinkLocked() {
	for a.bytes > a.limits.KeptBytes || a.order.Len() > a.limits.KeptTopics {
		first := a.order.Front()
		s := a.order.Remove(first).(*topicLog)
		delete(a.logs, s.topic)
		a.bytes -= s.bytes
		a.dropped++
	}
}

// retain replaces what everybody may see by something newer. What is for some goes on top of that.
func (s *topicLog) retain(r *record) {
	if !r.receivers.listed {
		for _, old := range s.retained {
			s.bytes -= old.size
		}
		s.retained = nil // not cut to nothing: what is not counted must not be held
	} else if len(s.retained) == maxRetained {
		oldest := 0
		if !s.retained[0].receivers.listed {
			oldest = 1
		}
		s.bytes -= s.retained[oldest].size
		s.retained = slices.Delete(s.retained, oldest, oldest+1)
	}
	s.retained = append(s.retained, r)
	s.bytes += r.size
}

func (s *topicLog) append(r *record, limit int) {
	for len(s.history) >= limit {
		s.bytes -= s.history[0].size
		s.history = slices.Delete(s.history, 0, 1)
	}
	s.history = append(s.history, r)
	s.bytes += r.size
}

// retained finds, for each topic of a subscription, the last event that the session may see: in the
// order of their publication, and if they are too many the newest.
func (a *history) retained(s *Session, sub Subscription, most limit) []*record {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*record
	for shelf := range a.matchLocked(sub) {
		for _, r := range slices.Backward(shelf.retained) {
			if r.isFor(s) {
				found = append(found, r)
				break
			}
		}
	}
	slices.SortFunc(found, bySequence)
	bytes := 0
	for i, r := range slices.Backward(found) {
		bytes += r.size
		if len(found)-i > most.events || bytes > most.bytes {
			return found[i+1:]
		}
	}
	return found
}

// events gives all that is kept of the topics of a subscription, in the order of arrival.
func (a *history) events(sub Subscription) []*record {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*record
	for shelf := range a.matchLocked(sub) {
		found = append(found, shelf.history...)
	}
	slices.SortFunc(found, bySequence)
	return found
}

func bySequence(a, b *record) int { return cmp.Compare(a.sequence, b.sequence) }

// matchLocked walks over the shelves of a subscription.
func (a *history) matchLocked(sub Subscription) func(yield func(*topicLog) bool) {
	return func(yield func(*topicLog) bool) {
		if sub.Match == wamp.MatchExact {
			if at := a.logs[sub.Topic]; at != nil {
				yield(at.Value.(*topicLog))
			}
			return
		}
		for topic, at := range a.logs {
			if pattern.Matches(sub.Topic, sub.Match, topic) && !yield(at.Value.(*topicLog)) {
				return
			}
		}
	}
}

// kept is the archive in numbers.
type kept struct {
	topics, bytes int
	dropped       uint64
}

func (a *history) stats() kept {
	a.mu.Lock()
	defer a.mu.Unlock()
	return kept{topics: a.order.Len(), bytes: a.bytes, dropped: a.dropped}
}
