package router

import "github.com/tidings-io/tidings/internal/router/meter"

// RefreshMeters asks Options.Meter again for all subscriptions. Caller must call it when the answers have changed.
func (r *Realm) RefreshMeters() {
	if r.router.options.Meter == nil {
		return
	}
	for _, sub := range r.broker.subscriptions.All() {
		sub.meter.Store(r.router.options.Meter(sub.info))
	}
}

// SubscribersByMeter returns the number of subscriptions of sessions, by the meters of Options.
func (r *Realm) SubscribersByMeter() map[*meter.Topic]int {
	counts := make(map[*meter.Topic]int)
	for _, sub := range r.broker.subscriptions.All() {
		if m := sub.meter.Load(); m != nil {
			counts[m] += sub.subscribers()
		}
	}
	return counts
}
