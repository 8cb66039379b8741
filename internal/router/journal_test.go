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
	beforeRetained func()
	afterRetained  func()
}

func (j *watchedJournal) open(realm wamp.URI) publication.Journal {
	j.Journal = inMemory(realm)
	return j
}

func (j *watchedJournal) Append(ctx context.Context, placements []publication.Placement) ([]publication.Outcome, error) {
	if j.beforeAppend != nil {
		if err := j.beforeAppend(placements); err != nil {
			return nil, err
		}
	}
	outcomes, err := j.Journal.Append(ctx, placements)
	if j.afterAppend != nil {
		j.afterAppend()
	}
	return outcomes, err
}

func (j *watchedJournal) Retained(q publication.RetainedQuery) publication.RetainedPage {
	if j.beforeRetained != nil {
		j.beforeRetained()
	}
	found := j.Journal.Retained(q)
	if j.afterRetained != nil {
		j.afterRetained()
	}
	return found
}

// keepHistory keeps the last publications of every topic.
func keepHistory(wamp.URI) publication.Retention {
	return publication.Retention{Keep: publication.Keep{Last: 10_000}}
}

// retainOnRequest keeps what is to be retained.
func retainOnRequest(wamp.URI) publication.Retention {
	return publication.Retention{Asked: true}
}
