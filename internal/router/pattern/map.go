package pattern

import (
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Map holds at most one value for each URI and match policy. The zero value is empty and ready to use.
type Map[V any] struct {
	exact    Table[wamp.URI, V]
	prefix   prefixTree[V]
	wildcard wildcardTree[V]
}

// Get returns the value stored under exactly this URI and match policy, or nil.
func (m *Map[V]) Get(uri wamp.URI, match wamp.Match) *V {
	switch match {
	case wamp.MatchPrefix:
		return m.prefix.get(string(uri))
	case wamp.MatchWildcard:
		return m.wildcard.get(string(uri))
	default:
		return m.exact.Get(uri)
	}
}

// Put stores a value. The URI must have none under this match policy.
func (m *Map[V]) Put(uri wamp.URI, match wamp.Match, value *V) {
	switch match {
	case wamp.MatchPrefix:
		m.prefix.put(string(uri), value)
	case wamp.MatchWildcard:
		m.wildcard.put(string(uri), value)
	default:
		m.exact.Put(uri, value)
	}
}

// Delete removes the value stored under this URI and match policy, if there is one.
func (m *Map[V]) Delete(uri wamp.URI, match wamp.Match) {
	switch match {
	case wamp.MatchPrefix:
		m.prefix.remove(string(uri))
	case wamp.MatchWildcard:
		m.wildcard.remove(string(uri))
	default:
		m.exact.Delete(uri)
	}
}

// Match appends the values of all patterns that match the topic (WAMP, "Pattern-based Subscriptions").
func (m *Map[V]) Match(dst []*V, topic wamp.URI) []*V {
	if value := m.exact.Get(topic); value != nil {
		dst = append(dst, value)
	}
	dst = m.prefix.match(dst, string(topic))
	return m.wildcard.match(dst, string(topic))
}

// Best returns the value of the one pattern that a call of the procedure goes to, or nil: the exact URI,
// else the longest prefix, else the most specific wildcard (WAMP, "Pattern-based Registrations").
//
// A prefix may end inside a component, as a1.b2.c3 does in a1.b2.c33.d4.e5. If no prefix ends with a
// component, wildcards come first: the specification's own example has it so.
func (m *Map[V]) Best(procedure wamp.URI) *V {
	if value := m.exact.Get(procedure); value != nil {
		return value
	}
	prefix, whole := m.prefix.longest(string(procedure))
	if whole {
		return prefix
	}
	if value := m.wildcard.best(string(procedure)); value != nil {
		return value
	}
	return prefix
}

// All appends every value, in no order.
func (m *Map[V]) All(dst []*V) []*V {
	for _, value := range m.exact.entries {
		dst = append(dst, value)
	}
	dst = m.prefix.all(dst)
	return m.wildcard.all(dst)
}

// Len returns the number of values.
func (m *Map[V]) Len() int { return len(m.exact.entries) + m.prefix.size + m.wildcard.size }

// Matches reports whether the pattern matches the topic.
func Matches(pattern wamp.URI, match wamp.Match, topic wamp.URI) bool {
	switch match {
	case wamp.MatchPrefix:
		return strings.HasPrefix(string(topic), string(pattern))
	case wamp.MatchWildcard:
		return matchesWildcard(string(pattern), string(topic))
	default:
		return topic == pattern
	}
}

// matchesWildcard compares component by component. An empty component of the pattern matches any
// component that is not empty.
func matchesWildcard(pattern, topic string) bool {
	for {
		component, topicRest, topicMore := strings.Cut(topic, ".")
		wanted, patternRest, patternMore := strings.Cut(pattern, ".")
		if topicMore != patternMore || component == "" || wanted != "" && wanted != component {
			return false
		}
		if !topicMore {
			return true
		}
		topic, pattern = topicRest, patternRest
	}
}

// MatchesFirst reports whether first is the first component of the URI, or of some URI that the pattern
// matches. It tells whether a pattern reaches into a reserved part of the name space.
func MatchesFirst(pattern wamp.URI, match wamp.Match, first string) bool {
	component, _, more := strings.Cut(string(pattern), ".")
	switch match {
	case wamp.MatchPrefix:
		if more {
			return component == first
		}
		return strings.HasPrefix(first, component)
	case wamp.MatchWildcard:
		return component == first || component == ""
	default:
		return component == first
	}
}
