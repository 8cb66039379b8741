package router

import "github.com/tidings-io/tidings/internal/router/meter"

// Stats returns the numbers of the router. It walks over all sessions, so it is for metrics and not for every request.
func (r *Router) Stats() meter.Stats {
	s := r.counters.Stats()
	s.FramesOut, s.BytesOut = r.senders.Outboxes.Frames.Load(), r.senders.Outboxes.Bytes.Load()
	for _, realm := range r.allRealms() {
		s.Subscriptions += realm.broker.subscriptions.Len()
		s.Registrations += realm.dealer.count()
		if realm.journal != nil {
			s.AddJournal(realm.journal.Stats())
		}
		for _, session := range realm.Sessions() {
			s.AddSession(session.Outbox())
		}
	}
	return s
}
