package pattern

// Tries is both tries over strings, for the property test.
type Tries struct {
	prefix   prefixTree[string]
	wildcard wildcardTree[string]
}

// PutPrefix stores a prefix that is not stored yet.
func (p *Tries) PutPrefix(s string) { p.prefix.put(s, &s) }

// PutWildcard stores a pattern that is not stored yet.
func (p *Tries) PutWildcard(s string) { p.wildcard.put(s, &s) }

// RemovePrefix removes a prefix.
func (p *Tries) RemovePrefix(s string) { p.prefix.remove(s) }

// RemoveWildcard removes a pattern.
func (p *Tries) RemoveWildcard(s string) { p.wildcard.remove(s) }

// Prefixes returns the stored prefixes of the topic.
func (p *Tries) Prefixes(topic string) []string { return values(p.prefix.match(nil, topic)) }

// Longest returns the longest stored prefix of the URI, and whether any ends where a component ends.
func (p *Tries) Longest(uri string) (longest string, whole bool) {
	found, whole := p.prefix.longest(uri)
	if found == nil {
		return "none", whole
	}
	return *found, whole
}

// Best returns the most specific pattern that matches the URI.
func (p *Tries) Best(uri string) string {
	if found := p.wildcard.best(uri); found != nil {
		return *found
	}
	return "none"
}

// Wildcards returns the stored patterns that match the topic.
func (p *Tries) Wildcards(topic string) []string { return values(p.wildcard.match(nil, topic)) }

// HasPrefix reports whether exactly this prefix is stored.
func (p *Tries) HasPrefix(s string) bool { return p.prefix.get(s) != nil }

// HasWildcard reports whether exactly this pattern is stored.
func (p *Tries) HasWildcard(s string) bool { return p.wildcard.get(s) != nil }

// Nodes counts the nodes of both tries without the roots.
func (p *Tries) Nodes() int { return p.prefix.root.nodes() + p.wildcard.root.nodes() }

func (n *prefixNode[V]) nodes() int {
	count := len(n.children)
	for _, c := range n.children {
		count += c.nodes()
	}
	return count
}

func (n *wildcardNode[V]) nodes() int {
	count := len(n.literals)
	for _, c := range n.literals {
		count += c.nodes()
	}
	if n.wild != nil {
		count += 1 + n.wild.nodes()
	}
	return count
}

func values(found []*string) []string {
	all := make([]string, 0, len(found))
	for _, v := range found {
		all = append(all, *v)
	}
	return all
}
