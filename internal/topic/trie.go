package topic

// trie finds the contract of a URI by walking its components. The cost of a lookup depends on the URI
// and not on the number of contracts.
//
// If several contracts match, the walk finds the most specific one first. At every component it tries
// the literal, then the typed and then the untyped parameters. [Compile] lets two contracts overlap
// only if that order decides between them.
type trie struct {
	contract *Contract // whose pattern ends here
	literals map[step]*trie
	typed    []*edge
	untyped  []*edge
}

// step is a literal component with the separator before it.
type step struct {
	separator byte
	text      string
}

type edge struct {
	component component
	to        *trie
}

// insert adds a contract. No other contract may have its pattern.
func (t *trie) insert(c *Contract) {
	for _, part := range c.Pattern.components {
		t = t.next(part)
	}
	t.contract = c
}

// next returns the node behind a component and creates it if necessary.
func (t *trie) next(c component) *trie {
	if c.kind == literal {
		s := step{c.separator, c.text}
		if t.literals == nil {
			t.literals = make(map[step]*trie)
		}
		if t.literals[s] == nil {
			t.literals[s] = new(trie)
		}
		return t.literals[s]
	}
	edges := &t.typed
	if c.kind == untyped {
		edges = &t.untyped
	}
	for _, e := range *edges {
		if e.component.same(&c) {
			return e.to
		}
	}
	e := &edge{component: c, to: new(trie)}
	*edges = append(*edges, e)
	return e.to
}

// find returns the contract for the rest of a URI behind a separator, or nil.
func (t *trie) find(rest string, separator byte) *Contract {
	text, behind, rest := cut(rest)
	if next := t.literals[step{separator, text}]; next != nil {
		if c := next.end(rest, behind); c != nil {
			return c
		}
	}
	for _, edges := range [...][]*edge{t.typed, t.untyped} {
		for _, e := range edges {
			if e.component.separator != separator || !e.component.matches(text) {
				continue
			}
			if c := e.to.end(rest, behind); c != nil {
				return c
			}
		}
	}
	return nil
}

// end returns the contract that ends at the node, or continues with the rest of the URI.
func (t *trie) end(rest string, separator byte) *Contract {
	if separator == 0 {
		return t.contract
	}
	return t.find(rest, separator)
}

// overlapping visits the contracts whose patterns overlap with the components from index i on.
func (t *trie) overlapping(components []component, i int, visit func(*Contract)) {
	if i == len(components) {
		if t.contract != nil {
			visit(t.contract)
		}
		return
	}
	c := &components[i]
	if c.kind == literal {
		if next := t.literals[step{c.separator, c.text}]; next != nil {
			next.overlapping(components, i+1, visit)
		}
	} else {
		for s, next := range t.literals {
			if s.separator == c.separator && c.matches(s.text) {
				next.overlapping(components, i+1, visit)
			}
		}
	}
	for _, edges := range [...][]*edge{t.typed, t.untyped} {
		for _, e := range edges {
			if e.component.separator == c.separator && e.component.overlaps(c) {
				e.to.overlapping(components, i+1, visit)
			}
		}
	}
}
