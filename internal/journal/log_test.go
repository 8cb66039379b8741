package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/journal/journaltest"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// open returns a journal that has read a log.
func open(t *testing.T, log journal.Log) *journal.Journal {
	t.Helper()
	j, _ := openSaying(t, log)
	return j
}

// openSaying also returns the warnings.
func openSaying(t *testing.T, log journal.Log) (j *journal.Journal, said *bytes.Buffer) {
	t.Helper()
	said = new(bytes.Buffer)
	j = journal.New(journal.Options{Log: log, Logger: slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err := j.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j, said
}

func TestAJournalWithALogKeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) publication.Journal { return open(t, newRecordLog()) })
}

// published is a publication of a test with each field set.
func published(id wamp.ID) publication.Placement {
	return publication.Placement{
		Entry: &publication.Entry{
			Topic: "order.changed", Publication: id, At: time.UnixMilli(1_700_000_000_123),
			Payload:   wamp.Payload{Serialization: wamp.CBOR, Args: []byte{0x81, 0x01}, Kwargs: []byte{0xa0}},
			Details:   wamp.Dict{"publisher": int64(7), "publisher_authid": "ann", "_x": []any{true, 1.5, nil}},
			Publisher: 12345, PublisherPage: publication.Page{AuthID: "ann", Tenant: "acme", Tab: "t1"},
			Filter: publication.Filter{
				IncludePublisher: true, Exclude: []wamp.ID{1, 2}, Eligible: []wamp.ID{}, ExcludeAuthID: []string{"ben"},
				EligibleAuthID: []string{"ann", "cleo"}, ExcludeAuthRole: []string{"guest"}, EligibleAuthRole: []string{"staff"},
				ExcludePage: []publication.Page{{AuthID: "ben", Tab: "t2", AnyTenant: true}}, EligiblePage: []publication.Page{{AuthID: "erp", Tab: "t3", Backend: true}},
			},
			Key: "row 1", Delete: true, Version: 9,
		},
		Keep:     publication.Keep{Last: 5, For: time.Hour, Bytes: 1 << 20, PerKey: true},
		Contract: "order.*", IdempotencyKey: "ann/1",
	}
}

func put(t *testing.T, j *journal.Journal, placements ...publication.Placement) {
	t.Helper()
	if _, err := j.Append(t.Context(), placements); err != nil {
		t.Fatal(err)
	}
}

// everything returns all that a journal has behind a position.
func everything(j *journal.Journal, after publication.Position) publication.SincePage {
	return j.Since(publication.SinceQuery{Subscription: wamp.Subscription{Match: wamp.MatchPrefix}, After: after})
}

// quickBytes compares payloads at once, and not byte by byte.
var quickBytes = cmp.Comparer(func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) })

// same fails unless two journals have the same publications, and tell of the same gaps.
func same(t *testing.T, got, want *journal.Journal) {
	t.Helper()
	if diff := cmp.Diff(want.Position(), got.Position()); diff != "" {
		t.Errorf("the position (-want +got):\n%s", diff)
	}
	epoch := want.Position().Epoch
	entries := append(everything(want, publication.Position{}).Entries, &publication.Entry{})
	for i, e := range entries {
		if i%(1+len(entries)/10) != 0 {
			continue
		}
		for seq := max(e.Seq, 1) - 1; seq <= e.Seq+1; seq++ {
			after := publication.Position{Epoch: epoch, Seq: seq}
			g, w := everything(got, after), everything(want, after)
			g.Work, w.Work = publication.Work{}, publication.Work{}
			if diff := cmp.Diff(w, g, quickBytes); diff != "" {
				t.Fatalf("behind %d (-want +got):\n%s", seq, diff)
			}
			for _, topic := range []wamp.URI{"a", "b", e.Topic} {
				q := publication.SinceQuery{Subscription: wamp.Subscription{Topic: topic}, After: after}
				if g, w := got.Since(q), want.Since(q); g.Gap != w.Gap || len(g.Entries) != len(w.Entries) {
					t.Errorf("behind %d of %s: %d entries, gap: %t; want %d, %t", seq, topic, len(g.Entries), g.Gap, len(w.Entries), w.Gap)
				}
			}
		}
	}
}

func TestTheLogIsReadAtTheStartAndNotForThoseThatComeBack(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	position := j.Position()
	kept := func(id wamp.ID) publication.Placement {
		return publication.Placement{Entry: &publication.Entry{Topic: "a", Publication: id}, Keep: publication.Keep{Last: 5}}
	}
	put(t, j, kept(1), kept(2))
	put(t, j, kept(3))
	if s := j.Stats(); s.Written != 3 || s.Read != 0 { // the start of the process, and each call
		t.Errorf("%d records were written and %d read, want 3 and 0", s.Written, s.Read)
	}
	again := open(t, log.copied())
	for range 10 {
		if got := everything(again, position); got.Gap || len(got.Entries) != 3 {
			t.Errorf("%d entries, gap: %t; want 3 without a gap", len(got.Entries), got.Gap)
		}
	}
	if s := again.Stats(); s.Read != 3 {
		t.Errorf("%d records were read, want 3", s.Read)
	}
}

func TestAnEntryOutlivesARestartAsItWas(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	put(t, j, published(1), published(2))
	p := published(3)
	p.Entry = &publication.Entry{Topic: "bare", Publication: 3}
	put(t, j, p)
	again := open(t, log.copied())
	same(t, again, j)
	for _, id := range []wamp.ID{1, 2} {
		outcomes, err := again.Append(t.Context(), []publication.Placement{published(id)})
		if err != nil || outcomes[0].Result != publication.Repeated {
			t.Errorf("publication %d is published again: %+v, %v", id, outcomes, err)
		}
	}
}

func TestAPositionHoldsAcrossRestarts(t *testing.T) {
	log := newRecordLog()
	var before publication.Position
	for round := range 4 {
		j, said := openSaying(t, log)
		if said.Len() > 0 {
			t.Fatalf("round %d: %s", round, said)
		}
		if page := everything(j, before); round > 0 && (page.Gap || len(page.Entries) != 2) {
			t.Fatalf("round %d: %d entries, gap: %t", round, len(page.Entries), page.Gap)
		}
		put(t, j, published(wamp.ID(round*10+1)))
		before = j.Position()
		for range 2 {
			p := published(wamp.NewGlobalID())
			p.Entry.Key, p.Entry.Version, p.IdempotencyKey = fmt.Sprint(p.Entry.Publication), 0, ""
			put(t, j, p)
		}
		log = log.copied()
	}
}

// A power failure may take the end of the log. What was there is never mixed up with what comes after.
func TestAPositionThatIsLostIsAnsweredWithAGap(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	keep(t, j, "a", 1)
	kept := j.Position()
	keep(t, j, "a", 2)
	lost := j.Position()
	left := log.copied()
	delete(left.records, left.last)
	left.last--
	left.known = left.last // the checkpoint did not reach the disk either
	again := open(t, left)
	keep(t, again, "a", 3)
	if now := again.Position(); now.Epoch != lost.Epoch || now.Seq <= lost.Seq {
		t.Errorf("the position is %+v after %+v", now, lost)
	}
	if page := everything(again, lost); !page.Gap {
		t.Error("a position that is lost is known")
	}
	if page := everything(again, kept); page.Gap || len(page.Entries) != 1 {
		t.Errorf("behind what is there are %d entries, gap: %t", len(page.Entries), page.Gap)
	}
}

func TestDamageBeginsANewEpochAndIsSaidOnce(t *testing.T) {
	for name, damage := range map[string]func(*recordLog){
		"the end is missing":        func(l *recordLog) { delete(l.records, l.last); l.last-- },
		"a record is missing":       func(l *recordLog) { delete(l.records, 4) },
		"the beginning is missing":  func(l *recordLog) { delete(l.records, 1) },
		"all is missing":            func(l *recordLog) { clear(l.records); l.last = 0 },
		"the checkpoint is missing": func(l *recordLog) { l.known = 0 },
		"a record is changed":       func(l *recordLog) { l.records[4][9] ^= 4 },
		"a record is cut":           func(l *recordLog) { l.records[4] = l.records[4][:3] },
	} {
		t.Run(name, func(t *testing.T) {
			log := newRecordLog()
			j := open(t, log)
			for id := range wamp.ID(5) {
				keep(t, j, "a", id+1)
			}
			before := j.Position()
			log = log.copied()
			damage(log)
			again, said := openSaying(t, log)
			if n := strings.Count(said.String(), "lost"); n != 1 {
				t.Errorf("%d lines say so: %s", n, said)
			}
			if page := everything(again, before); !page.Gap {
				t.Error("an old position is known")
			}
			keep(t, again, "a", 9)
			now := again.Position()
			if now.Epoch == before.Epoch {
				t.Error("the epoch is the same")
			}
			if page := everything(again, now); page.Gap {
				t.Error("a new position is not known")
			}
			third, said := openSaying(t, log.copied())
			if said.Len() > 0 || everything(third, now).Gap {
				t.Errorf("the start after it: %s", said)
			}
			same(t, third, again)
		})
	}
}

// A disk that failed may have lost the end of a log while the process lives on.
func TestALogThatGivesNumbersAgainBeginsANewEpoch(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	for id := range wamp.ID(5) {
		keep(t, j, "a", id+1)
	}
	before := j.Position()
	for range 2 {
		delete(log.records, log.last)
		log.last--
	}
	p := publication.Placement{Entry: &publication.Entry{Topic: "a", Publication: 6}, Keep: publication.Keep{Last: 10}}
	if _, err := j.Append(t.Context(), []publication.Placement{p}); err == nil || !strings.Contains(err.Error(), "it ends at record 4, but had 6") {
		t.Errorf("a publication whose number was given already ends with %v", err)
	}
	keep(t, j, "a", 7)
	now := j.Position()
	if now.Epoch == before.Epoch || now.Seq <= before.Seq {
		t.Errorf("the position is %+v after %+v", now, before)
	}
	again, said := openSaying(t, log.copied())
	if said.Len() > 0 {
		t.Errorf("the start after it: %s", said)
	}
	expectKept(t, again, "a", 1, 2, 3, 7)
	for name, journal := range map[string]*journal.Journal{"now": j, "after a restart": again} {
		if page := everything(journal, before); !page.Gap {
			t.Errorf("%s an old position is known", name)
		}
		if page := everything(journal, now); page.Gap || len(page.Entries) > 0 {
			t.Errorf("%s a new position is not known", name)
		}
	}
}

func TestARecordOfANewerVersionStopsTheStart(t *testing.T) {
	log := newRecordLog()
	keep(t, open(t, log), "a", 1)
	log.records[2] = journal.AsOfVersion(log.records[2], 2)
	err := journal.New(journal.Options{Log: log}).Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "newer version of Tidings") {
		t.Errorf("%v", err)
	}
}

// What was refused is not delivered later, also if its record is in the log.
func TestWhatWasRefusedNeverCounts(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, fail := range map[string]func(*recordLog, error){
		"nothing was written":    func(l *recordLog, err error) { l.refuse = err },
		"the answer was lost":    func(l *recordLog, err error) { l.lost = err },
		"the store is not ready": func(l *recordLog, err error) { l.unwell = err },
	} {
		t.Run(name, func(t *testing.T) {
			log := newRecordLog()
			j := open(t, log)
			keep(t, j, "a", 1)
			fail(log, broken)
			for id := range wamp.ID(3) {
				e := &publication.Entry{Topic: "a", Publication: 100 + id}
				if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: 10}}}); !errors.Is(err, broken) {
					t.Fatalf("%v", err)
				}
			}
			fail(log, nil)
			expectKept(t, j, "a", 1)
			keep(t, j, "a", 2)
			expectKept(t, j, "a", 1, 2)
			again := open(t, log.copied())
			expectKept(t, again, "a", 1, 2)
			same(t, again, j)
			keep(t, again, "a", 3)
			expectKept(t, open(t, log.copied()), "a", 1, 2)
		})
	}
}

// The number of a record shows what another node has written before it. Both nodes have one order, also across restarts.
func TestTwoNodesHaveOneOrder(t *testing.T) {
	log := newRecordLog()
	one, two := open(t, log), open(t, log)
	for id := wamp.ID(1); id < 10; id += 3 {
		keep(t, one, "a", id)
		keep(t, two, "a", id+1)
		keep(t, two, "b", id+2)
	}
	keep(t, one, "b", 10)
	keep(t, two, "a", 11)
	keep(t, one, "a", 12)
	expectKept(t, one, "a", 1, 2, 4, 5, 7, 8, 11, 12)
	expectKept(t, two, "a", 1, 2, 4, 5, 7, 8, 11)
	keep(t, two, "b", 13)
	keep(t, one, "b", 14)
	keep(t, two, "b", 15)
	keep(t, one, "b", 16)
	third := open(t, log.copied())
	if diff := cmp.Diff(everything(third, publication.Position{}).Entries, everything(one, publication.Position{}).Entries, quickBytes); diff != "" {
		t.Errorf("the first node and a restart (-want +got):\n%s", diff)
	}
}
