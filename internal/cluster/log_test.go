package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// Of a log that is damaged in the middle, everything else can be read.
func TestADamagedBlockOfALogCostsItsEndOnly(t *testing.T) {
	dir := quickDir(t)
	e := cluster.New(cluster.Options{Dir: dir})
	l := e.Log(cluster.LogOptions{Name: "journal"})
	start(t, e)
	const records = 40
	for i := range records {
		appendRecord(t, l, strings.Repeat(string(rune('a'+i%20)), 700_000))
	}
	stop(t, e)
	msgs := filepath.Join(dir, "jetstream", "$G", "streams", "LOG_journal", "msgs")
	blocks, err := filepath.Glob(filepath.Join(msgs, "*.blk"))
	if err != nil || len(blocks) < 3 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	middle := filepath.Join(msgs, "2.blk")
	content, err := os.ReadFile(middle)
	if err != nil {
		t.Fatal(err)
	}
	content[700_000*3/2+2_000] ^= 1 // in a payload: only JetStream's own checksum tells
	content[0] ^= 1 << 5            // in the length of the first record
	if err := os.WriteFile(middle, content, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, e)
	numbers, _ := readAll(t, l, 0)
	if len(numbers) < records/2 || len(numbers) == records || numbers[0] != 1 || numbers[len(numbers)-1] != records {
		t.Errorf("left: %v", numbers)
	}
	if n := appendRecord(t, l, "next"); n != records+1 {
		t.Errorf("the next record has the number %d", n)
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "LOG_journal.2.blk.damaged-*")); err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}
