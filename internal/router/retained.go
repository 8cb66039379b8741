package router

// Retention tells what of a topic's publications is kept for later subscribers.
type Retention struct {
	Retain  RetainPolicy
	History int // the last so many, for wamp.subscription.get_events; 0: none
}

// RetainPolicy tells which publications are retained (WAMP, "Event Retention"). The last one of a topic is sent to a
// subscriber that asks for it.
type RetainPolicy uint8

// The policies for one topic.
const (
	RetainOnRequest RetainPolicy = iota // those whose publisher asked for it
	RetainNever
	RetainAlways
)

// keptRun returns a run with what the journal is to keep of it, or nil if that is nothing.
func (r *Realm) keptRun(run []Publication) *keptRun {
	ask := r.router.options.Retention
	if r.journal == nil || ask == nil && !anyRetained(run) {
		return nil
	}
	var policy Retention
	if ask != nil {
		policy = ask(run[0].Topic)
	}
	var kept *keptRun
	for i := range run {
		where := policy.placement(&run[i])
		if !where.Retain && where.History == 0 {
			continue
		}
		if kept == nil {
			kept = &keptRun{publications: run, entries: entriesOf(run)}
		}
		where.Entry = kept.entries[i]
		kept.placements = append(kept.placements, where)
	}
	return kept
}

func anyRetained(run []Publication) bool {
	for i := range run {
		if run[i].Retain {
			return true
		}
	}
	return false
}

// placement tells where to keep a publication, if anywhere.
func (policy Retention) placement(p *Publication) Placement {
	where := Placement{
		Retain:  policy.Retain == RetainAlways || p.Retain && policy.Retain == RetainOnRequest,
		History: policy.History,
	}
	// WAMP, "Event History": a publication for single sessions has no later readers.
	if p.Filter.Exclude != nil || p.Filter.Eligible != nil {
		where.History = 0
	}
	return where
}
