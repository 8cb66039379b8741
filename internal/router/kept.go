package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// History returns events that the journal keeps of a subscription's topics.
func (r *Realm) History(ctx context.Context, query publication.EventQuery) (publication.EventPage, error) {
	if r.journal == nil {
		return publication.EventPage{}, nil
	}
	return r.journal.Events(ctx, query)
}

// KeepsHistory reports whether a history is kept of the topics of a subscription. For a pattern it reports whether one
// may be kept, since new topics may come.
func (r *Realm) KeepsHistory(sub wamp.Subscription) bool {
	ask := r.router.options.Retention
	return r.journal != nil && ask != nil && (sub.Match != wamp.MatchExact || ask(sub.Topic).Sequenced())
}

// keptRun returns a run with what the journal is to keep of it, or nil if that is nothing.
func (r *Realm) keptRun(run []Publication) *keptRun {
	ask := r.router.options.Retention
	if r.journal == nil || ask == nil {
		return nil
	}
	policy := ask(run[0].Topic)
	var kept *keptRun
	for i := range run {
		where := policy.Placement(run[i].Retain)
		if where.IdempotencyKey = run[i].IdempotencyKey; where.Keep.Last == 0 && where.IdempotencyKey == "" {
			continue
		}
		if kept == nil {
			kept = &keptRun{publications: run, Run: publication.Run{Entries: entriesOf(run)}}
			r.addPages(kept.Entries)
		}
		kept.Place(kept.Entries[i], where)
	}
	return kept
}

// entry returns the publication without its session. It copies what the publication shares: the payload is a part of
// the frame in which it came, and a component may change its lists.
func (p *Publication) entry() *publication.Entry {
	made := &publication.Entry{
		Topic:       p.Topic,
		Publication: p.ID,
		At:          time.Now().Truncate(time.Millisecond),
		Payload:     p.Payload.Clone(),
		Details:     p.details(),
		Filter:      p.Filter.Clone(),
		Key:         p.Key,
		Delete:      p.Delete,
		Version:     p.Version,
	}
	if p.Publisher != nil && !p.Filter.IncludePublisher {
		made.Publisher, made.PublisherPage = p.Publisher.id, p.Publisher.Receiver().Page()
	}
	return made
}

func entriesOf(run []Publication) []*publication.Entry {
	entries := make([]*publication.Entry, len(run))
	for i := range run {
		entries[i] = run[i].entry()
	}
	return entries
}

// addPages adds to lists of sessions the pages of these, so that the lists hold for their later sessions.
func (r *Realm) addPages(entries []*publication.Entry) {
	for _, e := range entries {
		if e.Filter.ForSingleSessions() {
			e.Filter.ExcludePage = append(e.Filter.ExcludePage, r.pagesOf(e.Filter.Exclude)...)
			e.Filter.EligiblePage = append(e.Filter.EligiblePage, r.pagesOf(e.Filter.Eligible)...)
		}
	}
}

func (r *Realm) pagesOf(sessions []wamp.ID) (pages []publication.Page) {
	for _, s := range r.sessionsOf(sessions) {
		if page := s.Receiver().Page(); page.Known() {
			pages = append(pages, page)
		}
	}
	return pages
}

// Size returns about how many bytes it costs to keep the publication in memory.
func (p *Publication) Size() int { return publication.Size(p.Topic, &p.Payload, &p.Filter) }

// keepOf returns what is kept of a topic.
func (r *Realm) keepOf(topic wamp.URI) publication.Keep {
	ask := r.router.options.Retention
	if r.journal == nil || ask == nil {
		return publication.Keep{}
	}
	return ask(topic).Keep
}
