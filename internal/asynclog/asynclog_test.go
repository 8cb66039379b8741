package asynclog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/asynclog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink is the far end of a pipe: it takes lines, blocks, or fails.
type sink struct {
	mu     sync.Mutex
	taken  bytes.Buffer
	writes int
	err    error
	block  chan struct{} // nil: writes do not block
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	block := s.block
	s.mu.Unlock()
	if block != nil {
		<-block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.err != nil {
		return 0, s.err
	}
	return s.taken.Write(p)
}

// count returns the number of writes.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *sink) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Split(strings.TrimSuffix(s.taken.String(), "\n"), "\n")
}

// newWriter returns a writer that reports lost lines in words.
func newWriter(to io.Writer, options asynclog.Options) (w *asynclog.Writer) {
	options.Lost = func(n uint64) { fmt.Fprintf(w, "%d lines were lost\n", n) }
	w = asynclog.New(to, options)
	return w
}

func TestAReaderThatBlocksDoesNotBlockTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sink{block: make(chan struct{})}
		w := newWriter(to, asynclog.Options{Room: 1000})
		began := time.Now()
		for i := range 100_000 {
			fmt.Fprintf(w, "%09d\n", i) // ten bytes: 100 lines fit
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("logging waited for %s", took)
		}
		if n := w.Dropped(); n != 99_900 {
			t.Errorf("%d lines are counted as dropped, not 99900", n)
		}
		if w.Flush(time.Second) {
			t.Error("lines that nothing reads are reported as written")
		}
		close(to.block)
		if !w.Flush(time.Second) {
			t.Error("the lines are not written although the reader is back")
		}
		lines := to.lines()
		if len(lines) != 101 || lines[0] != "000000000" || lines[99] != "000000099" || lines[100] != "99900 lines were lost" {
			t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
		}
	})
}

func TestLinesThatCannotBeWrittenAreCountedAndReportedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sink{err: errors.New("broken pipe")}
		w := newWriter(to, asynclog.Options{})
		for range 3 {
			fmt.Fprintln(w, "lost")
			w.Flush(time.Second)
		}
		if to.count() != 3 || w.Dropped() != 3 {
			t.Errorf("%d writes, %d dropped", to.count(), w.Dropped())
		}
		to.fail(nil)
		fmt.Fprintln(w, "kept")
		w.Flush(time.Second)
		if got := strings.Join(to.lines(), "|"); got != "kept|3 lines were lost" {
			t.Errorf("written: %s", got)
		}
	})
}

func TestOneWriteTakesWholeLinesAndAtMostAPiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &pieces{}
		w := asynclog.New(to, asynclog.Options{Delay: time.Second})
		for i := range 1000 {
			fmt.Fprintln(w, i, strings.Repeat("x", i%150))
		}
		fmt.Fprintln(w, strings.Repeat("y", 10_000))
		fmt.Fprintln(w, "end")
		w.Flush(time.Second)
		total := 0
		for _, p := range to.written {
			total += strings.Count(p, "\n")
			if !strings.HasSuffix(p, "\n") || len(p) > 4096 && strings.Count(p, "\n") != 1 {
				t.Errorf("a write of %d bytes with %d lines ends with %q", len(p), strings.Count(p, "\n"), p[len(p)-10:])
			}
		}
		if total != 1002 {
			t.Errorf("%d lines of 1002", total)
		}
	})
}

// pieces records each write.
type pieces struct{ written []string }

func (p *pieces) Write(b []byte) (int, error) {
	p.written = append(p.written, string(b))
	return len(b), nil
}

func TestLinesWaitForOthersUntilTheDelayOrBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sink{}
		w := asynclog.New(to, asynclog.Options{Delay: 50 * time.Millisecond})
		fmt.Fprintln(w, "one")
		fmt.Fprintln(w, "two")
		synctest.Wait()
		if to.count() != 0 {
			t.Error("a line did not wait")
		}
		time.Sleep(50 * time.Millisecond) // of the bubble
		synctest.Wait()
		if to.count() != 1 || len(to.lines()) != 2 {
			t.Errorf("%d writes of %q", to.count(), to.lines())
		}
		fmt.Fprintln(w, "three")
		w.Begin()
		synctest.Wait()
		if to.count() != 2 {
			t.Error("Begin did not write")
		}
	})
}

func TestLinesOfManyGoroutinesAreWrittenOnceEach(t *testing.T) {
	to := &sink{}
	w := asynclog.New(to, asynclog.Options{Room: 16 << 20})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for k := range 500 {
				fmt.Fprintf(w, "%d/%d\n", i, k)
			}
		})
	}
	wg.Wait()
	if !w.Flush(10 * time.Second) {
		t.Fatal("not written")
	}
	seen := map[string]bool{}
	for _, line := range to.lines() {
		seen[line] = true
	}
	if len(seen) != 10_000 || len(to.lines()) != 10_000 {
		t.Errorf("%d different lines of %d", len(seen), len(to.lines()))
	}
}

func TestLoggingAllocatesNothingOnceTheBufferHasGrown(t *testing.T) {
	w := asynclog.New(io.Discard, asynclog.Options{Delay: time.Hour})
	line := []byte("a line\n")
	w.Write(line)
	if n := testing.AllocsPerRun(100, func() { w.Write(line) }); n > 0 {
		t.Errorf("%.1f allocations", n)
	}
}
