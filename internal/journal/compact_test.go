package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// variety puts publications of each kind, most of which newer ones replace.
func variety(t *testing.T, j *journal.Journal, n int) {
	t.Helper()
	for i := range n {
		id := wamp.NewGlobalID()
		put(
			t, j,
			publication.Placement{Entry: &publication.Entry{Topic: "a", Publication: id, Version: int64(i + 1)}, Keep: publication.Keep{Last: 3}, Contract: "a"},
			publication.Placement{
				Entry: &publication.Entry{Topic: wamp.URI(fmt.Sprint("b.", i%20)), Publication: id + 1}, Keep: publication.Keep{Last: 1, For: time.Hour}, Contract: "b",
				IdempotencyKey: fmt.Sprint("ann/", i),
			},
			publication.Placement{
				Entry:    &publication.Entry{Topic: "table", Publication: id + 2, Key: fmt.Sprint(i % 7), Delete: i%5 == 0},
				Keep:     publication.Keep{Last: 100, PerKey: true},
				Contract: "table",
			},
		)
	}
}

// Whatever step of a compaction is the last one: a restart has the same publications, versions, keys and gaps.
func TestACompactionThatEndsAnywhereChangesNothing(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	variety(t, j, 600)
	var left []*recordLog
	before := log.copied()
	log.after = func() { left = append(left, log.copied()) }
	if err := j.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.after = nil
	if len(left) < 5 || len(log.records) > 10 {
		t.Fatalf("%d steps, and %d records are left", len(left), len(log.records))
	}
	for cut := uint64(2); cut < 600; cut += 100 { // it ends while the log is trimmed
		l := left[len(left)-2].copied()
		if err := l.Trim(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		left = append(left, l)
	}
	for i, l := range append(left, before) {
		again, said := openSaying(t, l.copied())
		if said.Len() > 0 {
			t.Errorf("after step %d: %s", i, said)
		}
		same(t, again, j)
		third := open(t, again.LogOf().(*recordLog).copied())
		same(t, third, j)
		outdated := publication.Placement{Entry: &publication.Entry{Topic: "a", Publication: 1, Version: 600}, Keep: publication.Keep{Last: 3}}
		repeated := publication.Placement{Entry: &publication.Entry{Topic: "b.0", Publication: 1}, Keep: publication.Keep{Last: 1}, IdempotencyKey: "ann/0"}
		outcomes, err := third.Append(t.Context(), []publication.Placement{outdated, repeated})
		if err != nil || outcomes[0].Result != publication.Outdated || outcomes[1].Result != publication.Repeated {
			t.Errorf("after step %d: %+v, %v", i, outcomes, err)
		}
	}
}

// After a second compaction the first one counts for nothing; a restart in between leaves a hole that is still known.
func TestCompactionsFollowEachOther(t *testing.T) {
	log := newRecordLog()
	for round := range 4 {
		j := open(t, log)
		if round == 2 {
			log.untrim = errors.New("the disk is full")
			if err := j.Compact(t.Context()); !errors.Is(err, log.untrim) {
				t.Errorf("%v", err)
			}
			log.untrim = nil
		}
		variety(t, j, 50)
		lost := publication.Position{Epoch: j.Position().Epoch, Seq: j.Position().Seq + 1<<12}
		if err := j.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		variety(t, j, 5)
		log = log.copied()
		again := open(t, log.copied())
		same(t, again, j)
		variety(t, again, 1)
		if page := everything(again, publication.Position{Epoch: lost.Epoch, Seq: lost.Seq + 1<<18}); !page.Gap {
			t.Error("a position that was never given is known")
		}
	}
}

func TestPublicationsGoOnDuringACompaction(t *testing.T) {
	const most = 4000
	log := newRecordLog()
	j := open(t, log)
	next, acknowledged := atomic.Int64{}, atomic.Int64{}
	publish := func() {
		e := &publication.Entry{Topic: "a", Publication: wamp.ID(next.Add(1))}
		if _, err := j.Append(t.Context(), []publication.Placement{{Entry: e, Keep: publication.Keep{Last: most}}}); err != nil {
			t.Error(err)
		}
		acknowledged.Add(1)
	}
	for range most / 2 {
		publish()
	}
	type left struct {
		*recordLog
		acknowledged int64
	}
	var mu sync.Mutex
	var all []left
	var wg sync.WaitGroup
	log.after = func() {
		mu.Lock()
		defer mu.Unlock()
		n := acknowledged.Load()
		if all = append(all, left{log.copied(), n}); len(all) < 40 {
			wg.Go(publish)
		}
	}
	if err := j.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i, l := range all {
		again, said := openSaying(t, l.recordLog)
		got := everything(again, publication.Position{Epoch: again.Position().Epoch}).Entries
		if said.Len() > 0 || int64(len(got)) < l.acknowledged {
			t.Fatalf("after step %d there are %d of %d publications; %s", i, len(got), l.acknowledged, said)
		}
		if !slices.IsSortedFunc(got, func(a, b *publication.Entry) int { return int(int64(a.Seq) - int64(b.Seq)) }) {
			t.Fatalf("after step %d the order is another one", i)
		}
	}
	same(t, open(t, log.copied()), j)
}

// A unit may be longer than a record, and a call may have more publications than one.
func TestLongUnitsTakeSeveralRecords(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	long := []byte("[\"" + strings.Repeat("x", 1300<<10) + "\"]")
	var together []publication.Placement
	for i := range 3000 {
		e := &publication.Entry{Topic: wamp.URI(fmt.Sprint("a.", i)), Publication: wamp.ID(i + 1)}
		if i%1000 == 500 {
			e.Payload.Args = long
		}
		together = append(together, publication.Placement{Entry: e, Keep: publication.Keep{Last: 1}})
	}
	before := log.copied()
	var left []*recordLog
	log.after = func() { left = append(left, log.copied()) }
	put(t, j, together...)
	log.after = nil
	if len(left) < 9 {
		t.Fatalf("%d records", len(left))
	}
	for _, record := range log.records {
		if len(record) > 1<<20 {
			t.Errorf("a record has %d bytes", len(record))
		}
	}
	for _, l := range append(left[:len(left)-1:len(left)-1], before) { // all or nothing
		if n := len(everything(open(t, l), publication.Position{}).Entries); n != 0 {
			t.Fatalf("%d publications of an unfinished unit", n)
		}
	}
	again := open(t, log.copied())
	same(t, again, j)
	if err := again.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, open(t, again.LogOf().(*recordLog).copied()), again)
}

func TestALogIsCompactedWhenMostOfItIsDeadAndPublicationsAreRefusedOnlyWithoutRoom(t *testing.T) {
	log := newRecordLog()
	j := journal.New(journal.Options{Log: log, LogBytes: 4 << 20})
	if err := j.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := func(id wamp.ID) publication.Placement {
		return publication.Placement{
			Entry: &publication.Entry{Topic: "a", Publication: id, Payload: wamp.Payload{Args: []byte(strings.Repeat("x", 1<<20))}}, Keep: publication.Keep{Last: 1},
		}
	}
	refused := 0
	for id := range wamp.ID(20) {
		_, err := j.Append(t.Context(), []publication.Placement{e(id + 1)})
		if err == nil {
			continue
		}
		if refused++; !strings.Contains(err.Error(), "journal.bytes") {
			t.Fatal(err)
		}
		j.Tidy(t.Context())
		put(t, j, e(id+1))
	}
	if refused == 0 || refused > 10 {
		t.Errorf("%d of 20 publications found no room", refused)
	}
	same(t, open(t, log.copied()), j)
}

// A journal whose publications were refused writes that down as soon as it can.
func TestTheNextLookAtTheLogShowsWhatWasRefused(t *testing.T) {
	log := newRecordLog()
	j := open(t, log)
	keep(t, j, "a", 1)
	log.lost = errors.New("the answer was lost")
	if _, err := j.Append(t.Context(), []publication.Placement{{Entry: &publication.Entry{Topic: "a", Publication: 2}, Keep: publication.Keep{Last: 9}}}); err == nil {
		t.Fatal("it was stored")
	}
	log.lost = nil
	j.Tidy(t.Context())
	expectKept(t, open(t, log.copied()), "a", 1)
	if n := log.last; n != 4 {
		t.Errorf("%d records", n)
	}
	j.Tidy(t.Context())
	if log.last != 4 {
		t.Error("it is written down again")
	}
}
