// Package journaltest checks that a journal does what the router relies on. Each implementation of
// [publication.Journal] runs it in its tests.
//
// It is for tests only: no other package imports it.
package journaltest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Run checks journals that open makes. Each must be empty, and have room for some hundred publications.
func Run(t *testing.T, open func(t *testing.T) publication.Journal) {
	for name, test := range map[string]func(*suite){
		"an entry comes back as it was":                          (*suite).entryIsUnchanged,
		"the last retained event of a topic replaces the others": (*suite).lastIsRetained,
		"retained events with receivers stand beside it":         (*suite).retainedForSome,
		"a pattern gets one retained event of each topic":        (*suite).retainedOfPattern,
		"too many retained events leave the newest":              (*suite).newestRetained,
		"a history has the last publications in their order":     (*suite).historyIsLimited,
		"what is retained and what is history are apart":         (*suite).placesAreApart,
		"publications bound a window":                            (*suite).window,
		"a bound that is missing is an error":                    (*suite).missingBound,
		"a page is limited from its beginning":                   (*suite).pageIsLimited,
		"a pattern has one order over its topics":                (*suite).orderOfPattern,
		"one call appends its publications together":             (*suite).appendedTogether,
		"concurrent appends keep each publisher's order":         (*suite).concurrentAppends,
		"statistics count topics and bytes":                      (*suite).stats,
	} {
		t.Run(name, func(t *testing.T) { test(&suite{t: t, journal: open(t)}) })
	}
}

type suite struct {
	t       *testing.T
	journal publication.Journal
}

var (
	exact  = wamp.Subscription{ID: 1, Topic: "a.b"}
	prefix = wamp.Subscription{ID: 2, Topic: "a.", Match: wamp.MatchPrefix}
	wild   = wamp.Subscription{ID: 3, Topic: "a..c", Match: wamp.MatchWildcard}

	forStaff = publication.Filter{EligibleAuthRole: []string{"staff"}}
)

func entry(topic wamp.URI, id wamp.ID) *publication.Entry {
	return &publication.Entry{
		Topic: topic, Publication: id, At: time.Date(2000, 1, 1, 0, 0, int(id), 0, time.UTC),
		Payload: wamp.Payload{Serialization: wamp.JSON, Args: []byte("[" + strconv.Itoa(int(id)) + "]")},
	}
}

func (s *suite) append(placements ...publication.Placement) {
	s.t.Helper()
	if _, err := s.journal.Append(s.t.Context(), placements); err != nil {
		s.t.Fatalf("append: %v", err)
	}
}

// keep appends publications with these ids to a history of ten.
func (s *suite) keep(topic wamp.URI, ids ...wamp.ID) {
	s.t.Helper()
	for _, id := range ids {
		s.append(publication.Placement{Entry: entry(topic, id), Keep: publication.Keep{Last: 10}})
	}
}

func (s *suite) retain(topic wamp.URI, id wamp.ID, filter publication.Filter) {
	s.t.Helper()
	e := entry(topic, id)
	e.Filter = filter
	s.append(publication.Placement{Entry: e, Keep: publication.Keep{Last: 1, RetainOnly: true}})
}

func (s *suite) expectRetained(q publication.RetainedQuery, ids ...wamp.ID) {
	s.t.Helper()
	if q.MaxEntries == 0 {
		q.MaxEntries, q.MaxBytes = 100, 1<<20
	}
	if got := idsOf(s.journal.Retained(q).Entries); !slices.Equal(got, ids) {
		s.t.Errorf("retained for %s %q: %v; want %v", q.Subscription.Match, q.Subscription.Topic, got, ids)
	}
}

func (s *suite) expectEvents(q publication.EventQuery, ids ...wamp.ID) {
	s.t.Helper()
	page, err := s.journal.Events(s.t.Context(), q)
	if got := idsOf(page.Entries); err != nil || page.More || !slices.Equal(got, ids) {
		s.t.Errorf("events of %s %q: %v, more: %t, %v; want %v", q.Subscription.Match, q.Subscription.Topic, got, page.More, err, ids)
	}
}

func idsOf(all []*publication.Entry) []wamp.ID {
	var ids []wamp.ID
	for _, e := range all {
		ids = append(ids, e.Publication)
	}
	return ids
}

func (s *suite) entryIsUnchanged() {
	e := entry("a.b", 1)
	e.Payload = wamp.Payload{Serialization: wamp.CBOR, Args: []byte{0x81, 1}, Kwargs: []byte{0xa1, 0x61, 'k', 2}}
	e.Details = wamp.Dict{"publisher_authid": "ann", "trustlevel": int64(2)}
	e.Filter = publication.Filter{
		ExcludeAuthID:   []string{"ben"},
		ExcludeAuthRole: []string{"guest"}, EligibleAuthRole: []string{"staff", "admin"},
	}
	e.Publisher = 1<<53 - 1
	s.append(publication.Placement{Entry: e, Keep: publication.Keep{Last: 1}})
	retained := s.journal.Retained(publication.RetainedQuery{Subscription: exact, MaxEntries: 1, MaxBytes: 1 << 20})
	page, err := s.journal.Events(s.t.Context(), publication.EventQuery{Subscription: exact})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, got := range [][]*publication.Entry{retained.Entries, page.Entries} {
		if diff := cmp.Diff([]*publication.Entry{e}, got); diff != "" {
			s.t.Errorf("the entry has changed (-before +after):\n%s", diff)
		}
	}
}

func (s *suite) lastIsRetained() {
	s.expectRetained(publication.RetainedQuery{Subscription: exact})
	s.retain("a.b", 1, publication.Filter{})
	s.retain("a.b", 2, publication.Filter{})
	s.retain("a.b.c", 3, publication.Filter{})
	s.expectRetained(publication.RetainedQuery{Subscription: exact}, 2)
}

func (s *suite) retainedForSome() {
	staff := publication.RetainedQuery{Subscription: exact}
	guest := publication.RetainedQuery{Subscription: exact, Admits: func(e *publication.Entry) bool { return e.Filter.AdmitsAll() }}
	s.retain("a.b", 1, publication.Filter{})
	s.retain("a.b", 2, forStaff)
	s.expectRetained(staff, 2)
	s.expectRetained(guest, 1)
	for id := range wamp.ID(20) { // the event for all stays, however many are stored beside it
		s.retain("a.b", 3+id, forStaff)
	}
	s.expectRetained(staff, 22)
	s.expectRetained(guest, 1)
	s.retain("a.b", 30, publication.Filter{})
	s.expectRetained(staff, 30)
	s.expectRetained(guest, 30)
	s.retain("a.b", 31, forStaff)
	s.expectRetained(guest, 30)
}

func (s *suite) retainedOfPattern() {
	for i, topic := range []wamp.URI{"a.b.c", "a.b", "b.b", "a.c.c", "a.b", "a..c"} {
		s.retain(topic, wamp.ID(i+1), publication.Filter{})
	}
	s.expectRetained(publication.RetainedQuery{Subscription: prefix}, 1, 4, 5, 6)
	s.expectRetained(publication.RetainedQuery{Subscription: wild}, 1, 4)
}

func (s *suite) newestRetained() {
	for i, topic := range []wamp.URI{"a.a", "a.b", "a.c", "a.d"} {
		s.retain(topic, wamp.ID(i+1), publication.Filter{})
	}
	s.expectRetained(publication.RetainedQuery{Subscription: prefix, MaxEntries: 2, MaxBytes: 1 << 20}, 3, 4)
	three := 3 * entry("a.a", 1).Size()
	s.expectRetained(publication.RetainedQuery{Subscription: prefix, MaxEntries: 10, MaxBytes: three}, 2, 3, 4)
}

func (s *suite) historyIsLimited() {
	s.expectEvents(publication.EventQuery{Subscription: exact})
	for id := wamp.ID(1); id <= 5; id++ {
		s.append(publication.Placement{Entry: entry("a.b", id), Keep: publication.Keep{Last: 3}})
	}
	s.expectEvents(publication.EventQuery{Subscription: exact}, 3, 4, 5)
	s.append(publication.Placement{Entry: entry("a.b", 6), Keep: publication.Keep{Last: 2}})
	s.expectEvents(publication.EventQuery{Subscription: exact}, 5, 6)
}

func (s *suite) placesAreApart() {
	s.retain("a.b", 1, publication.Filter{})
	s.append(publication.Placement{Entry: entry("a.c", 3), Keep: publication.Keep{Last: 3}})
	s.expectRetained(publication.RetainedQuery{Subscription: prefix}, 1, 3)
	s.expectEvents(publication.EventQuery{Subscription: prefix}, 3)
}

func (s *suite) window() {
	s.keep("a.b", 11, 7, 13, 5, 9)
	for _, test := range []struct {
		query publication.EventQuery
		want  []wamp.ID
	}{
		{publication.EventQuery{From: 7}, []wamp.ID{7, 13, 5, 9}},
		{publication.EventQuery{After: 7}, []wamp.ID{13, 5, 9}},
		{publication.EventQuery{Before: 5}, []wamp.ID{11, 7, 13}},
		{publication.EventQuery{Until: 5}, []wamp.ID{11, 7, 13, 5}},
		{publication.EventQuery{From: 7, Until: 5}, []wamp.ID{7, 13, 5}},
		{publication.EventQuery{After: 11, Before: 9}, []wamp.ID{7, 13, 5}},
		{publication.EventQuery{From: 13, Until: 13}, []wamp.ID{13}},
		{publication.EventQuery{From: 11, After: 13, Until: 9}, []wamp.ID{5, 9}},
		{publication.EventQuery{From: 9, Until: 7}, nil},
		{publication.EventQuery{After: 9}, nil},
		{publication.EventQuery{After: 11, Reverse: true}, []wamp.ID{9, 5, 13, 7}},
		{publication.EventQuery{After: 11, Admits: func(e *publication.Entry) bool { return e.Publication > 7 }}, []wamp.ID{13, 9}},
	} {
		test.query.Subscription = exact
		s.expectEvents(test.query, test.want...)
	}
}

func (s *suite) missingBound() {
	one := publication.Keep{Last: 1}
	s.append(publication.Placement{Entry: entry("a.b", 1), Keep: one}, publication.Placement{Entry: entry("a.b", 2), Keep: one})
	s.append(publication.Placement{Entry: entry("b.b", 3), Keep: one})
	for name, id := range map[string]wamp.ID{"never published": 99, "given up": 1, "of another topic": 3} {
		for _, q := range []publication.EventQuery{{From: id}, {After: id}, {Before: id}, {Until: 2, From: id}} {
			q.Subscription = prefix
			_, err := s.journal.Events(s.t.Context(), q)
			var missing *publication.MissingError
			if !errors.As(err, &missing) || missing.Publication != id {
				s.t.Errorf("a publication that is %s: %v", name, err)
			}
		}
	}
}

func (s *suite) pageIsLimited() {
	s.keep("a.b", 1, 2, 3, 4, 5)
	size := entry("a.b", 1).Size()
	odd := func(e *publication.Entry) bool { return e.Publication%2 == 1 }
	for _, test := range []struct {
		query publication.EventQuery
		want  []wamp.ID
		more  bool
	}{
		{publication.EventQuery{MaxEntries: 2}, []wamp.ID{1, 2}, true},
		{publication.EventQuery{MaxEntries: 5}, []wamp.ID{1, 2, 3, 4, 5}, false},
		{publication.EventQuery{MaxEntries: 2, Reverse: true}, []wamp.ID{5, 4}, true},
		{publication.EventQuery{MaxEntries: 3, Admits: odd}, []wamp.ID{1, 3, 5}, false},
		{publication.EventQuery{MaxEntries: 2, Admits: odd}, []wamp.ID{1, 3}, true},
		{publication.EventQuery{MaxBytes: 3 * size}, []wamp.ID{1, 2, 3}, true},
		{publication.EventQuery{MaxBytes: 5 * size}, []wamp.ID{1, 2, 3, 4, 5}, false},
		{publication.EventQuery{MaxBytes: 1}, []wamp.ID{1}, true},
	} {
		test.query.Subscription = exact
		page, err := s.journal.Events(s.t.Context(), test.query)
		if got := idsOf(page.Entries); err != nil || page.More != test.more || !slices.Equal(got, test.want) {
			s.t.Errorf("%+v: %v, more: %t, %v; want %v, %t", test.query, got, page.More, err, test.want, test.more)
		}
	}
}

func (s *suite) orderOfPattern() {
	s.keep("a.x.c", 9)
	s.keep("a.b", 8)
	s.keep("b.x.c", 7)
	s.keep("a.x.c", 6)
	s.keep("a.y.c", 5)
	s.keep("a.b", 4)
	s.expectEvents(publication.EventQuery{Subscription: prefix}, 9, 8, 6, 5, 4)
	s.expectEvents(publication.EventQuery{Subscription: wild}, 9, 6, 5)
	s.expectEvents(publication.EventQuery{Subscription: prefix, After: 8, Until: 5}, 6, 5)
	s.expectEvents(publication.EventQuery{Subscription: prefix, From: 8, Reverse: true}, 4, 5, 6, 8)
}

func (s *suite) appendedTogether() {
	var all []publication.Placement
	for id := wamp.ID(1); id <= 6; id++ {
		all = append(all, publication.Placement{Entry: entry("a.b", id), Keep: publication.Keep{Last: 4}})
	}
	s.append(all...)
	s.expectEvents(publication.EventQuery{Subscription: exact}, 3, 4, 5, 6)
	s.expectRetained(publication.RetainedQuery{Subscription: exact}, 6)
}

func (s *suite) concurrentAppends() {
	const publishers, each = 4, 20
	var all sync.WaitGroup
	for p := range publishers {
		all.Go(func() {
			for n := range each {
				e := entry("a.b", wamp.ID(1+p*each+n))
				if _, err := s.journal.Append(s.t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: publishers * each}}}); err != nil {
					s.t.Errorf("append: %v", err)
				}
			}
		})
	}
	all.Wait()
	page, err := s.journal.Events(s.t.Context(), publication.EventQuery{Subscription: exact})
	if err != nil || len(page.Entries) != publishers*each {
		s.t.Fatalf("%d entries, %v", len(page.Entries), err)
	}
	var last [publishers]wamp.ID
	for _, e := range page.Entries {
		p := (e.Publication - 1) / each
		if e.Publication <= last[p] {
			s.t.Errorf("%d came after %d", e.Publication, last[p])
		}
		last[p] = e.Publication
	}
}

func (s *suite) stats() {
	before := s.journal.Stats()
	s.keep("a.b", 1, 2)
	s.retain("a.c", 3, publication.Filter{})
	after := s.journal.Stats()
	if after.Topics-before.Topics != 2 || after.Bytes <= before.Bytes || after.Dropped != before.Dropped {
		s.t.Errorf("%+v, before: %+v", after, before)
	}
}
