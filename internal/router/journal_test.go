package router_test

import (
	"context"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// inMemory opens the journal of most tests.
func inMemory(wamp.URI) publication.Journal { return journal.New(journal.Options{}) }

// watchedJournal calls hooks before or after the journal in memory does what it is asked for. Hooks may be nil.
type watchedJournal struct {
	publication.Journal
	beforeAppend   func(placements []publication.Placement) error
	afterAppend    func()
	beforeRetained func() error
	afterRetained  func()
}

func (j *watchedJournal) open(realm wamp.URI) publication.Journal {
	j.Journal = inMemory(realm)
	return j
}

func (j *watchedJournal) Append(ctx context.Context, placements []publication.Placement) error {
	if j.beforeAppend != nil {
		if err := j.beforeAppend(placements); err != nil {
			return err
		}
	}
	err := j.Journal.Append(ctx, placements)
	if j.afterAppend != nil {
		j.afterAppend()
	}
	return err
}

func (j *watchedJournal) Retained(ctx context.Context, q publication.RetainedQuery) (publication.RetainedPage, error) {
	if j.beforeRetained != nil {
		if err := j.beforeRetained(); err != nil {
			return publication.RetainedPage{}, err
		}
	}
	found, err := j.Journal.Retained(ctx, q)
	if j.afterRetained != nil {
		j.afterRetained()
	}
	return found, err
}

// keepHistory keeps the last publications of every topic, and what is to be retained.
func keepHistory(wamp.URI) publication.Retention {
	return publication.Retention{Retain: publication.RetainOnRequest, History: 10_000}
}

// retainOnRequest keeps what is to be retained.
func retainOnRequest(wamp.URI) publication.Retention {
	return publication.Retention{Retain: publication.RetainOnRequest}
}
