package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/cluster"
)

// readAll returns the records of a log by their numbers.
func readAll(t *testing.T, l *cluster.Log, from uint64) (numbers []uint64, records []string) {
	t.Helper()
	err := l.Read(t.Context(), from, func(number uint64, record []byte) error {
		numbers, records = append(numbers, number), append(records, string(record))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers, records
}

func appendRecord(t *testing.T, l *cluster.Log, record string) uint64 {
	t.Helper()
	number, err := l.Append(t.Context(), []byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestALogHasItsRecordsInOrderAfterARestart(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		t.Run(fmt.Sprint("lazy: ", lazy), func(t *testing.T) {
			dir := quickDir(t)
			var want []string
			for round := range 3 {
				e := cluster.New(cluster.Options{Dir: dir})
				l := e.Log(cluster.LogOptions{Name: "journal", Lazy: lazy})
				start(t, e)
				if known, found, err := l.Known(t.Context()); err != nil || found != (round > 0) || known != uint64(len(want)) {
					t.Errorf("%d is known to be the last, %v, %v", known, found, err)
				}
				for range 700 { // more than a batch
					want = append(want, fmt.Sprint(len(want)+1))
					if n := appendRecord(t, l, want[len(want)-1]); fmt.Sprint(n) != want[len(want)-1] {
						t.Fatalf("record %s has the number %d", want[len(want)-1], n)
					}
				}
				if _, got := readAll(t, l, 0); !slices.Equal(got, want) {
					t.Fatalf("round %d: %d records", round, len(got))
				}
				if _, got := readAll(t, l, 690); !slices.Equal(got, want[689:]) {
					t.Fatalf("round %d: %d records from 690 on", round, len(got))
				}
				stop(t, e)
			}
		})
	}
}

func TestATrimmedLogGoesOnWithItsNumbers(t *testing.T) {
	dir := quickDir(t)
	e := cluster.New(cluster.Options{Dir: dir})
	l := e.Log(cluster.LogOptions{Name: "journal"})
	start(t, e)
	for i := range 10 {
		appendRecord(t, l, fmt.Sprint(i+1))
	}
	for _, before := range []uint64{8, 3} {
		if err := l.Trim(t.Context(), before); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, e)
	start(t, e)
	if numbers, records := readAll(t, l, 0); !slices.Equal(numbers, []uint64{8, 9, 10}) || records[0] != "8" {
		t.Errorf("%v %v", numbers, records)
	}
	if err := l.Trim(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	if numbers, _ := readAll(t, l, 0); len(numbers) != 0 {
		t.Errorf("%v are left", numbers)
	}
	stop(t, e)
	start(t, e)
	if n := appendRecord(t, l, "next"); n != 11 {
		t.Errorf("the next record has the number %d", n)
	}
}

// A change of the configuration moves the log to another stream. A move that was cut short is done again.
func TestALogKeepsItsNumbersWhenItsSyncChanges(t *testing.T) {
	dir := quickDir(t)
	e := cluster.New(cluster.Options{Dir: dir})
	l := e.Log(cluster.LogOptions{Name: "journal"})
	start(t, e)
	for i := range 5 {
		appendRecord(t, l, fmt.Sprint(i+1))
	}
	if err := l.Trim(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	stop(t, e)
	for round := range 4 {
		e := cluster.New(cluster.Options{Dir: dir})
		l := e.Log(cluster.LogOptions{Name: "journal", Lazy: round%2 == 0})
		start(t, e)
		want := []uint64{3, 4, 5, 6, 7, 8}[:3+round]
		if numbers, records := readAll(t, l, 0); !slices.Equal(numbers, want) || records[0] != "3" {
			t.Errorf("round %d: %v %v", round, numbers, records)
		}
		appendRecord(t, l, "more")
		stop(t, e)
	}
}

func TestALogRefusesWhatItHasNoRoomForAndGoesOn(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: quickDir(t)})
	l := e.Log(cluster.LogOptions{Name: "journal", MaxBytes: 4096})
	start(t, e)
	first := appendRecord(t, l, strings.Repeat("x", 3000))
	if _, err := l.Append(t.Context(), make([]byte, 3000)); !errors.Is(err, cluster.ErrLogFull) {
		t.Errorf("%v", err)
	}
	if _, err := l.Append(t.Context(), make([]byte, cluster.MaxRecord+1)); err == nil {
		t.Error("a record that is too long was stored")
	}
	if err := l.Ready(); err != nil || !e.Writable() {
		t.Errorf("the store counts as broken: %v", err)
	}
	if err := l.Trim(t.Context(), first+1); err != nil {
		t.Fatal(err)
	}
	appendRecord(t, l, strings.Repeat("x", 3000))
}

func TestTheLongestRecordOutlivesARestart(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: quickDir(t)})
	l := e.Log(cluster.LogOptions{Name: "journal"})
	start(t, e)
	longest := strings.Repeat("x", cluster.MaxRecord)
	appendRecord(t, l, longest)
	appendRecord(t, l, "after")
	stop(t, e)
	start(t, e)
	if _, records := readAll(t, l, 0); len(records) != 2 || records[0] != longest || records[1] != "after" {
		t.Errorf("%d records are left", len(records))
	}
}

func TestALogOfAnEngineThatIsNotRunningRefuses(t *testing.T) {
	l := cluster.New(cluster.Options{Dir: quickDir(t)}).Log(cluster.LogOptions{Name: "journal"})
	_, err := l.Append(t.Context(), []byte("x"))
	_, _, known := l.Known(t.Context())
	for _, err := range []error{
		err, known, l.Ready(), l.Trim(t.Context(), 1),
		l.Read(t.Context(), 0, func(uint64, []byte) error { return nil }),
	} {
		if !errors.Is(err, cluster.ErrStopped) {
			t.Errorf("%v", err)
		}
	}
}

func TestAReaderOfALogEndsItAndSeesItsOwnError(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: quickDir(t)})
	l := e.Log(cluster.LogOptions{Name: "journal"})
	start(t, e)
	appendRecord(t, l, "1")
	appendRecord(t, l, "2")
	enough, seen := errors.New("enough"), 0
	if err := l.Read(t.Context(), 0, func(uint64, []byte) error { seen++; return enough }); !errors.Is(err, enough) || seen != 1 {
		t.Errorf("%d, %v", seen, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Read(gone, 0, func(uint64, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
