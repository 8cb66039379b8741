package journal_test

import (
	"errors"
	"testing"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/journal/journaltest"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestTheJournalInMemoryKeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(*testing.T) publication.Journal { return journal.New(journal.Options{}) })
}

func TestTheTopicThatWasSilentForTheLongestMakesRoom(t *testing.T) {
	size := (&publication.Entry{Topic: "a"}).Size()
	for name, options := range map[string]journal.Options{
		"topics": {Topics: 2},
		"bytes":  {Bytes: 4 * size},
	} {
		t.Run(name, func(t *testing.T) {
			j := journal.New(options)
			for i, topic := range []wamp.URI{"a", "b", "a", "c", "c"} {
				keep(t, j, topic, wamp.ID(i+1))
			}
			expectKept(t, j, "a", 1, 3)
			expectKept(t, j, "c", 4, 5)
			expectKept(t, j, "b")
			if s := j.Stats(); s.Topics != 2 || s.Bytes != 4*size || s.Dropped != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestATopicThatWasGivenUpIsInNoIndex(t *testing.T) {
	j := journal.New(journal.Options{Topics: 1})
	keep(t, j, "a", 1)
	keep(t, j, "b", 2)
	_, err := j.Events(t.Context(), publication.EventQuery{Subscription: wamp.Subscription{Match: wamp.MatchPrefix}, From: 1})
	var missing *publication.MissingError
	if !errors.As(err, &missing) {
		t.Errorf("the publication of the topic that was given up: %v", err)
	}
}

func TestAnEntryThatIsLargerThanTheJournalIsGivenUpAtOnce(t *testing.T) {
	j := journal.New(journal.Options{Bytes: 1})
	keep(t, j, "a", 1)
	if s := j.Stats(); s.Topics != 0 || s.Bytes != 0 || s.Dropped != 1 {
		t.Errorf("%+v", s)
	}
}

// keep appends one publication to a history of ten.
func keep(t *testing.T, j *journal.Memory, topic wamp.URI, id wamp.ID) {
	t.Helper()
	e := &publication.Entry{Topic: topic, Publication: id}
	if err := j.Append(t.Context(), []publication.Placement{{Entry: e, History: 10}}); err != nil {
		t.Fatal(err)
	}
}

func expectKept(t *testing.T, j *journal.Memory, topic wamp.URI, ids ...wamp.ID) {
	t.Helper()
	page, err := j.Events(t.Context(), publication.EventQuery{Subscription: wamp.Subscription{Topic: topic}})
	if err != nil || len(page.Entries) != len(ids) {
		t.Fatalf("%d entries of %s, %v; want %v", len(page.Entries), topic, err, ids)
	}
	for i, e := range page.Entries {
		if e.Publication != ids[i] {
			t.Errorf("%s has %d at %d; want %v", topic, e.Publication, i, ids)
		}
	}
}
