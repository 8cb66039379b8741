package pattern

import "strings"

// wildcardTree finds all stored patterns that match a topic. An empty component of a pattern stands for any single
// component (WAMP, "Wildcard Matching"). It is a trie over components: each level has at most two ways to go on, the
// literal component and the wildcard.
type wildcardTree[V any] struct {
	root wildcardNode[V]
	size int
}

type wildcardNode[V any] struct {
	value    *V // of the pattern that ends here
	literals map[string]*wildcardNode[V]
	wild     *wildcardNode[V]
}

// match appends the value of every stored pattern that matches the topic. A topic with an empty component matches none.
func (t *wildcardTree[V]) match(found []*V, topic string) []*V {
	if t.size == 0 {
		return found
	}
	return t.root.match(found, topic)
}

func (n *wildcardNode[V]) match(found []*V, rest string) []*V {
	component, rest, more := strings.Cut(rest, ".")
	if component == "" {
		return found
	}
	for _, next := range [2]*wildcardNode[V]{n.literals[component], n.wild} {
		switch {
		case next == nil:
		case more:
			found = next.match(found, rest)
		case next.value != nil:
			found = append(found, next.value)
		}
	}
	return found
}

// best returns the value of the most specific pattern that matches the topic, or nil. The most specific pattern has the
// longest run of literals before its first wildcard, or else before its second, and so on (WAMP, "Pattern-based
// Registrations"). Where two patterns first differ one of them has a literal, and so the longer run. So best tries
// literals first and returns what it finds first.
func (t *wildcardTree[V]) best(topic string) *V {
	if t.size == 0 {
		return nil
	}
	return t.root.best(topic)
}

func (n *wildcardNode[V]) best(rest string) *V {
	component, rest, more := strings.Cut(rest, ".")
	if component == "" {
		return nil
	}
	for _, next := range [2]*wildcardNode[V]{n.literals[component], n.wild} {
		if next == nil {
			continue
		}
		found := next.value
		if more {
			found = next.best(rest)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// get returns the value stored for exactly this pattern, or nil.
func (t *wildcardTree[V]) get(pattern string) *V {
	node := &t.root
	for component := range strings.SplitSeq(pattern, ".") {
		if node = node.next(component); node == nil {
			return nil
		}
	}
	return node.value
}

// put stores a value. The pattern must have none.
func (t *wildcardTree[V]) put(pattern string, value *V) {
	t.size++
	node := &t.root
	for component := range strings.SplitSeq(pattern, ".") {
		next := node.next(component)
		if next == nil {
			next = &wildcardNode[V]{}
			node.link(component, next)
		}
		node = next
	}
	node.value = value
}

// remove removes a pattern, if it is stored, and the nodes that only this pattern needed.
func (t *wildcardTree[V]) remove(pattern string) {
	if t.root.remove(pattern) {
		t.size--
	}
}

func (n *wildcardNode[V]) remove(rest string) (removed bool) {
	component, rest, more := strings.Cut(rest, ".")
	next := n.next(component)
	if next == nil {
		return false
	}
	if more {
		removed = next.remove(rest)
	} else {
		removed = next.value != nil
		next.value = nil
	}
	if next.value == nil && next.wild == nil && len(next.literals) == 0 {
		n.unlink(component)
	}
	return removed
}

// all appends every value.
func (t *wildcardTree[V]) all(found []*V) []*V { return t.root.all(found) }

func (n *wildcardNode[V]) all(found []*V) []*V {
	if n.value != nil {
		found = append(found, n.value)
	}
	for _, next := range n.literals {
		found = next.all(found)
	}
	if n.wild != nil {
		found = n.wild.all(found)
	}
	return found
}

func (n *wildcardNode[V]) next(component string) *wildcardNode[V] {
	if component == "" {
		return n.wild
	}
	return n.literals[component]
}

func (n *wildcardNode[V]) link(component string, next *wildcardNode[V]) {
	if component == "" {
		n.wild = next
		return
	}
	if n.literals == nil {
		n.literals = make(map[string]*wildcardNode[V])
	}
	n.literals[component] = next
}

func (n *wildcardNode[V]) unlink(component string) {
	if component == "" {
		n.wild = nil
		return
	}
	delete(n.literals, component)
}
