package router

// Expiries returns the number of sessions whose identity can expire.
func (r *Realm) Expiries() int { return r.expiries.Len() }
