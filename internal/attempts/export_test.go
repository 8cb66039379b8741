package attempts

// Sizes returns the numbers of entries.
func (l *Limit) Sizes() (sites, places, known int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sites.full), len(l.places.full), len(l.known)
}
