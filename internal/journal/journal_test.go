package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
func keep(t *testing.T, j *journal.Journal, topic wamp.URI, id wamp.ID) {
	t.Helper()
	e := &publication.Entry{Topic: topic, Publication: id}
	if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: 10}}}); err != nil {
		t.Fatal(err)
	}
}

func expectKept(t *testing.T, j *journal.Journal, topic wamp.URI, ids ...wamp.ID) {
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

// fill appends one publication to each of n topics of a contract.
func fill(t *testing.T, j *journal.Journal, contract string, n int) {
	t.Helper()
	for i := range n {
		e := &publication.Entry{Topic: wamp.URI(fmt.Sprintf("%s.%04d", contract, i)), Publication: wamp.NewGlobalID()}
		if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: 1}, Contract: contract}}); err != nil {
			t.Fatal(err)
		}
	}
}

// kept returns the number of topics of a contract that have a retained event.
func kept(t *testing.T, j *journal.Journal, contract string) int {
	t.Helper()
	page := j.Retained(publication.RetainedQuery{
		Subscription: wamp.Subscription{Topic: wamp.URI(contract + "."), Match: wamp.MatchPrefix}, MaxEntries: 1 << 20, MaxBytes: 1 << 30,
	})
	return len(page.Entries)
}

func TestAContractWithinItsShareLosesNothingToOthers(t *testing.T) {
	size := (&publication.Entry{Topic: "aaaa.0000"}).Size()
	for name, options := range map[string]journal.Options{
		"topics": {Topics: 30},
		"bytes":  {Bytes: 30 * size},
	} {
		t.Run(name, func(t *testing.T) {
			j := journal.New(options)
			fill(t, j, "news", 10)
			fill(t, j, "mail", 5)
			fill(t, j, "flood", 1000)
			if news, mail, flood := kept(t, j, "news"), kept(t, j, "mail"), kept(t, j, "flood"); news != 10 || mail != 5 || flood < 14 || flood > 15 {
				t.Errorf("after a flood of one contract %d of 10 and %d of 5 topics of the others are kept, and %d of its own", news, mail, flood)
			}
			fill(t, j, "mail", 1000) // a second flood takes from the first one
			if news, mail, flood := kept(t, j, "news"), kept(t, j, "mail"), kept(t, j, "flood"); news != 10 || mail < 9 || mail > 10 || flood < 9 || flood > 10 {
				t.Errorf("after a second flood %d, %d and %d topics are kept", news, mail, flood)
			}
		})
	}
}

func TestATopicThatGetsAnotherContractTakesTheRoomOfThatOne(t *testing.T) {
	j := journal.New(journal.Options{Topics: 4})
	for _, contract := range []string{"old", "new"} {
		for i := range 3 {
			e := &publication.Entry{Topic: wamp.URI(fmt.Sprint("a.", i)), Publication: wamp.NewGlobalID()}
			if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: 1}, Contract: contract}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(t, j, "b", 2) // one too many: the largest contract is that of a
	if a, b := kept(t, j, "a"), kept(t, j, "b"); a != 2 || b != 2 {
		t.Errorf("%d and %d topics are kept", a, b)
	}
	if s := j.Stats(); s.Topics != 4 || s.Dropped != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAPageExaminesLittleMoreThanItReturns(t *testing.T) {
	const topics, each = 50, 100
	j := journal.New(journal.Options{})
	var last wamp.ID
	for i := range topics * each {
		last = wamp.ID(i + 1)
		e := &publication.Entry{Topic: wamp.URI(fmt.Sprintf("a.%02d", i%topics)), Publication: last}
		if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: each}}}); err != nil {
			t.Fatal(err)
		}
	}
	all := wamp.Subscription{Topic: "a.", Match: wamp.MatchPrefix}
	for name, test := range map[string]struct {
		query    publication.EventQuery
		returned int
		examined int
	}{
		"the newest of a pattern":      {publication.EventQuery{Subscription: all, Reverse: true, MaxEntries: 10}, 10, topics + 11},
		"the oldest of a pattern":      {publication.EventQuery{Subscription: all, MaxEntries: 10}, 10, topics + 11},
		"the newest of one topic":      {publication.EventQuery{Subscription: wamp.Subscription{Topic: "a.07"}, Reverse: true, MaxEntries: 10}, 10, 11},
		"one topic of a pattern":       {publication.EventQuery{Subscription: all, Topic: "a.07", MaxEntries: 10}, 10, 11},
		"a topic outside of a pattern": {publication.EventQuery{Subscription: all, Topic: "b.07", MaxEntries: 10}, 0, 0},
		"behind a publication":         {publication.EventQuery{Subscription: all, After: last - 5}, 5, topics + 5},
		"all":                          {publication.EventQuery{Subscription: all}, topics * each, topics + topics*each},
		"no more bytes":                {publication.EventQuery{Subscription: all, MaxBytes: 1}, 1, topics + 2},
	} {
		page, err := j.Events(t.Context(), test.query)
		if err != nil {
			t.Fatal(err)
		}
		if page.Work.Returned != test.returned || page.Work.Returned != len(page.Entries) || page.Work.Examined > test.examined {
			t.Errorf("%s: %+v and %d entries; want %d, and %d examined at most", name, page.Work, len(page.Entries), test.returned, test.examined)
		}
		if !slices.IsSortedFunc(page.Entries, func(a, b *publication.Entry) int {
			if test.query.Reverse {
				a, b = b, a
			}
			return int(a.Publication) - int(b.Publication)
		}) {
			t.Errorf("%s: the entries are not in order", name)
		}
	}
}

// A query that looks at many entries lets publishers in between, and still has one order and no gap.
func TestALongQueryHasNoGapWhileTopicsAreGivenUpAndAppended(t *testing.T) {
	const entries = 5000
	j := journal.New(journal.Options{})
	append := func(id wamp.ID) {
		e := &publication.Entry{Topic: wamp.URI(fmt.Sprint("a.", id%3)), Publication: id}
		if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: entries}}}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range entries {
		append(wamp.ID(id + 1))
	}
	asked := 0
	page, err := j.Events(t.Context(), publication.EventQuery{
		Subscription: wamp.Subscription{Topic: "a.", Match: wamp.MatchPrefix},
		Admits: func(*publication.Entry) bool {
			if asked++; asked%10 == 0 {
				append(wamp.ID(entries + asked))
			}
			return true
		},
	})
	if err != nil || len(page.Entries) != entries {
		t.Fatalf("%d entries, %v", len(page.Entries), err)
	}
	for i, e := range page.Entries {
		if e.Publication != wamp.ID(i+1) {
			t.Fatalf("publication %d is at %d", e.Publication, i)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Events(gone, publication.EventQuery{Subscription: wamp.Subscription{Topic: "a.", Match: wamp.MatchPrefix}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the reader has left: %v", err)
	}
}
