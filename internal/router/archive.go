package router

import (
	"cmp"
	linked "container/list"
	"slices"
	"strings"
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// maxRetained bounds the retained events of one topic: the last that everybody may see, and newer
// ones that only some may.
const maxRetained = 8

// archive keeps publications in memory, within bounds: over them it gives up the topic that has been
// silent for the longest.
type archive struct {
	limits *Limits

	mu      sync.Mutex // guards what follows; no lock is taken under it
	shelves map[wamp.URI]*linked.Element
	order   linked.List // of *shelf, the longest silent first
	last    uint64
	bytes   int
	dropped uint64 // topics that were given up
}

// shelf is what is kept of one topic.
type shelf struct {
	topic    wamp.URI
	retained []*record // oldest first; only the first may be for everybody
	history  []*record // oldest first
	bytes    int
}

// shelving says where a record goes.
type shelving struct {
	retain  bool
	history int // how many the topic keeps; 0: not there
}

// quota bounds what is taken out at once.
type quota struct{ events, bytes int }

func (a *archive) init(limits *Limits) {
	a.limits, a.shelves = limits, make(map[wamp.URI]*linked.Element)
}

func (a *archive) put(r *record, where shelving) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	r.sequence = a.last
	s := a.shelfLocked(r.topic)
	before := s.bytes
	if where.retain {
		s.retain(r)
	}
	if where.history > 0 {
		s.remember(r, where.history)
	}
	a.bytes += s.bytes - before
	a.shrinkLocked()
}

// shelfLocked gives the topic's shelf and makes it the last to be given up.
func (a *archive) shelfLocked(topic wamp.URI) *shelf {
	if at := a.shelves[topic]; at != nil {
		a.order.MoveToBack(at)
		return at.Value.(*shelf)
	}
	made := &shelf{topic: topic}
	a.shelves[topic] = a.order.PushBack(made)
	return made
}

func (a *archive) shrinkLocked() {
	for a.bytes > a.limits.KeptBytes || a.order.Len() > a.limits.KeptTopics {
		first := a.order.Front()
		s := a.order.Remove(first).(*shelf)
		delete(a.shelves, s.topic)
		a.bytes -= s.bytes
		a.dropped++
	}
}

// retain replaces what everybody may see by something newer. What is for some goes on top of that.
func (s *shelf) retain(r *record) {
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

func (s *shelf) remember(r *record, limit int) {
	for len(s.history) >= limit {
		s.bytes -= s.history[0].size
		s.history = slices.Delete(s.history, 0, 1)
	}
	s.history = append(s.history, r)
	s.bytes += r.size
}

// retained finds, for each topic of a subscription, the last event that the session may see: in the
// order of their publication, and if they are too many the newest.
func (a *archive) retained(s *Session, sub Subscription, most quota) []*record {
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

// history gives all that is kept of the topics of a subscription, in the order of arrival.
func (a *archive) history(sub Subscription) []*record {
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
func (a *archive) matchLocked(sub Subscription) func(yield func(*shelf) bool) {
	return func(yield func(*shelf) bool) {
		if sub.Match == wamp.MatchExact {
			if at := a.shelves[sub.Topic]; at != nil {
				yield(at.Value.(*shelf))
			}
			return
		}
		for topic, at := range a.shelves {
			if sub.matches(topic) && !yield(at.Value.(*shelf)) {
				return
			}
		}
	}
}

// matches reports whether a publication to topic goes to the subscription.
func (s Subscription) matches(topic wamp.URI) bool {
	switch s.Match {
	case wamp.MatchPrefix:
		return strings.HasPrefix(string(topic), string(s.Topic))
	case wamp.MatchWildcard:
		return coveredBy(string(topic), string(s.Topic))
	default:
		return topic == s.Topic
	}
}

// coveredBy compares component by component; an empty one of the pattern stands for any one that is
// not empty.
func coveredBy(topic, pattern string) bool {
	for {
		component, rest, more := strings.Cut(topic, ".")
		wanted, further, on := strings.Cut(pattern, ".")
		if more != on || component == "" || wanted != "" && wanted != component {
			return false
		}
		if !more {
			return true
		}
		topic, pattern = rest, further
	}
}

// kept is the archive in numbers.
type kept struct {
	topics, bytes int
	dropped       uint64
}

func (a *archive) stats() kept {
	a.mu.Lock()
	defer a.mu.Unlock()
	return kept{topics: a.order.Len(), bytes: a.bytes, dropped: a.dropped}
}
