package router

// Expiries returns the number of sessions whose identity can expire.
func (r *Realm) Expiries() int {
	r.expiries.mu.Lock()
	defer r.expiries.mu.Unlock()
	return len(r.expiries.queue)
}
