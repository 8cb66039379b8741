package pattern

import "strings"

// prefixTree finds all stored prefixes of a string. It is a radix tree over bytes, because WAMP's prefix match
// compares strings and not components (WAMP, "Prefix Matching"). A look-up costs the length of the topic, however
// many prefixes are stored.
type prefixTree[V any] struct {
	root prefixNode[V]
	size int
}

type prefixNode[V any] struct {
	label    string // of the edge to this node
	value    *V     // nil: the node only branches
	children []*prefixNode[V]
}

// match appends the value of every stored prefix of s, shortest first.
func (t *prefixTree[V]) match(found []*V, s string) []*V {
	node := &t.root
	for {
		if node.value != nil {
			found = append(found, node.value)
		}
		next := node.child(s)
		if next == nil || !strings.HasPrefix(s, next.label) {
			return found
		}
		s = s[len(next.label):]
		node = next
	}
}

// longest returns the value of the longest stored prefix of a URI, or nil, and reports whether this prefix or a
// shorter one ends where a component of the URI ends.
func (t *prefixTree[V]) longest(uri string) (found *V, whole bool) {
	node := &t.root
	for at := 0; ; {
		if node.value != nil {
			found = node.value
			whole = whole || at == 0 || at == len(uri) || uri[at] == '.' || uri[at-1] == '.'
		}
		next := node.child(uri[at:])
		if next == nil || !strings.HasPrefix(uri[at:], next.label) {
			return found, whole
		}
		at += len(next.label)
		node = next
	}
}

// get returns the value stored for exactly this prefix, or nil.
func (t *prefixTree[V]) get(prefix string) *V {
	node := &t.root
	for prefix != "" {
		next := node.child(prefix)
		if next == nil || !strings.HasPrefix(prefix, next.label) {
			return nil
		}
		prefix = prefix[len(next.label):]
		node = next
	}
	return node.value
}

// put stores a value. The prefix must have none.
func (t *prefixTree[V]) put(prefix string, value *V) {
	t.size++
	node := &t.root
	for prefix != "" {
		next := node.child(prefix)
		if next == nil {
			next = &prefixNode[V]{label: prefix}
			node.children = append(node.children, next)
		}
		shared := commonPrefix(prefix, next.label)
		if shared < len(next.label) {
			next.split(shared)
		}
		prefix = prefix[shared:]
		node = next
	}
	node.value = value
}

// remove removes a prefix, if it is stored, and the nodes that only this prefix needed.
func (t *prefixTree[V]) remove(prefix string) {
	var parent *prefixNode[V]
	node := &t.root
	for prefix != "" {
		next := node.child(prefix)
		if next == nil || !strings.HasPrefix(prefix, next.label) {
			return
		}
		prefix = prefix[len(next.label):]
		parent, node = node, next
	}
	if node.value == nil {
		return
	}
	t.size--
	node.value = nil
	if parent == nil {
		return
	}
	switch len(node.children) {
	case 0:
		parent.drop(node)
		if parent != &t.root && parent.value == nil && len(parent.children) == 1 {
			parent.join()
		}
	case 1:
		node.join()
	}
}

// all appends every value.
func (t *prefixTree[V]) all(found []*V) []*V { return t.root.all(found) }

func (n *prefixNode[V]) all(found []*V) []*V {
	if n.value != nil {
		found = append(found, n.value)
	}
	for _, c := range n.children {
		found = c.all(found)
	}
	return found
}

// child returns the node behind the edge that begins like s, or nil. The edges of a node differ in their first byte.
func (n *prefixNode[V]) child(s string) *prefixNode[V] {
	if s == "" {
		return nil
	}
	for _, c := range n.children {
		if c.label[0] == s[0] {
			return c
		}
	}
	return nil
}

// split divides the edge to this node after at bytes of its label, by a node without a value.
func (n *prefixNode[V]) split(at int) {
	rest := &prefixNode[V]{label: n.label[at:], value: n.value, children: n.children}
	n.label, n.value, n.children = n.label[:at], nil, []*prefixNode[V]{rest}
}

// join merges a node without a value with its only child.
func (n *prefixNode[V]) join() {
	only := n.children[0]
	n.label, n.value, n.children = n.label+only.label, only.value, only.children
}

func (n *prefixNode[V]) drop(child *prefixNode[V]) {
	for i, c := range n.children {
		if c == child {
			last := len(n.children) - 1
			n.children[i] = n.children[last]
			n.children[last] = nil
			n.children = n.children[:last]
			return
		}
	}
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
