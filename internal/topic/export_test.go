package topic

import "context"

// RefusalOf returns what a client is told of an error of the validation.
func (t *Table) RefusalOf(ctx context.Context, c *Contract, err error) error {
	return t.refusalOf(ctx, c, err)
}

// Overlaps reports whether a URI might exist that both patterns match. It errs towards yes. The trie
// answers the same for all contracts at once, and the tests compare the two.
func (p *Pattern) Overlaps(o *Pattern) bool {
	if len(p.components) != len(o.components) {
		return false // a parameter holds no separator, so the number of components decides
	}
	for i := range p.components {
		a, b := &p.components[i], &o.components[i]
		if a.separator != b.separator || !a.overlaps(b) {
			return false
		}
	}
	return true
}
