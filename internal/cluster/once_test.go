package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/cluster"
)

var spent = cluster.OnceOptions{Name: "spent", TTL: time.Minute, Most: 1 << 16}

// opened gives one that is open on a journal, or without one.
func opened(t *testing.T, options cluster.OnceOptions, j *cluster.Journal) *cluster.Once {
	t.Helper()
	o := cluster.NewOnce(options)
	if err := o.Open(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func spend(t *testing.T, o *cluster.Once, id string) (fresh bool) {
	t.Helper()
	fresh, err := o.Spend(t.Context(), id, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func TestOfManyWhoSpendOneSucceeds(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			e := cluster.New(cluster.Options{Dir: dir})
			once := e.Once(spent)
			start(t, e)
			nodes := []*cluster.Once{once}
			if dir != "" { // nodes share a journal; in memory there is none
				other := cluster.NewOnce(spent)
				if err := e.OpenAsNode(t.Context(), other); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(other.Close)
				nodes = append(nodes, other)
			}
			const ids = 20
			var fresh [ids]atomic.Int32
			var wg sync.WaitGroup
			for i := range 50 * ids {
				wg.Go(func() {
					ok, err := nodes[i%len(nodes)].Spend(t.Context(), strconv.Itoa(i/50), time.Now().Add(time.Second))
					if err != nil {
						t.Error(err)
					}
					if ok {
						fresh[i/50].Add(1)
					}
				})
			}
			wg.Wait()
			for i := range fresh {
				if n := fresh[i].Load(); n != 1 {
					t.Errorf("%d were told that they were the first", n)
				}
			}
		})
	}
}

func TestWhatOutlivesTheMemoryOfItIsRefused(t *testing.T) {
	once := opened(t, spent, nil)
	if ok, err := once.Spend(t.Context(), "late", time.Now().Add(time.Hour)); ok || err == nil {
		t.Fatalf("%v, %v", ok, err)
	}
}

func TestNothingIsSpentWhileTheEngineIsNotRunning(t *testing.T) {
	e := cluster.New(cluster.Options{})
	once := e.Once(spent)
	if e.Once(spent) != once {
		t.Error("declaring it again gave another one")
	}
	if ok, err := once.Spend(t.Context(), "x", time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("before the start: %v, %v", ok, err)
	}
	start(t, e)
	stop(t, e)
	if ok, err := once.Spend(t.Context(), "x", time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("after the end: %v, %v", ok, err)
	}
}

func TestWhatIsSpentStaysSpentAfterARestart(t *testing.T) {
	dir := t.TempDir()
	const each = 300
	for round := range 3 {
		e := cluster.New(cluster.Options{Dir: dir})
		once := e.Once(spent)
		start(t, e)
		for i := range round * each {
			if spend(t, once, strconv.Itoa(i)) {
				t.Fatalf("round %d: %d was good again", round, i)
			}
		}
		for i := range each {
			if !spend(t, once, strconv.Itoa(round*each+i)) {
				t.Fatalf("round %d: %d was spent already", round, i)
			}
		}
		stop(t, e)
	}
}

// spender is the environment of a process that spends what it is told in a folder, and then waits to
// be killed.
const spender = "TIDINGS_TEST_SPENDER"

func runSpender(dir string) {
	e := cluster.New(cluster.Options{Dir: dir})
	once := e.Once(spent)
	err := e.Start(context.Background())
	for i := 0; err == nil && i < 100; i++ {
		_, err = once.Spend(context.Background(), strconv.Itoa(i), time.Now().Add(time.Second))
	}
	fmt.Println(err)
	select {}
}

func TestWhatIsSpentStaysSpentWhenTheProcessIsKilled(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), spender+"="+dir)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, err := output.Read(said)
	if err != nil || string(said[:n]) != "<nil>\n" {
		t.Errorf("it said %q, %v", said[:n], err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // says that it was killed
	e := cluster.New(cluster.Options{Dir: dir})
	once := e.Once(spent)
	start(t, e)
	for i := range 100 {
		if spend(t, once, strconv.Itoa(i)) {
			t.Errorf("%d was good again", i)
		}
	}
}

// gate lets appends through one by one.
func gate(j *cluster.Journal) chan<- struct{} {
	pass := make(chan struct{})
	j.Before = func(ctx context.Context) error {
		select {
		case <-pass:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return pass
}

func TestWhoComesWhileAnAppendIsInFlightSharesTheNext(t *testing.T) {
	for name, c := range map[string]struct{ callers, appends int }{
		"alone":               {1, 1},
		"as many as can be":   {64, 2},
		"more than fit in it": {2 + cluster.MaxGroup, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j cluster.Journal
				once := opened(t, spent, &j)
				before := j.Appends()
				pass := gate(&j)
				began := time.Now()
				var fresh atomic.Int32
				var wg sync.WaitGroup
				for i := range c.callers {
					wg.Go(func() {
						if spend(t, once, strconv.Itoa(i)) {
							fresh.Add(1)
						}
					})
					synctest.Wait()
				}
				for range c.appends {
					pass <- struct{}{}
				}
				wg.Wait()
				if n := j.Appends() - before; n != c.appends {
					t.Errorf("%d appends, not %d", n, c.appends)
				}
				if n := fresh.Load(); n != int32(c.callers) {
					t.Errorf("%d of %d were the first", n, c.callers)
				}
				if waited := time.Since(began); waited != 0 {
					t.Errorf("it waited for a timer, %s", waited)
				}
				if n := once.Waiting(); n != 0 {
					t.Errorf("%d wait for ever", n)
				}
			})
		})
	}
}

func TestWhatIsSpentIsForgottenAfterItsLifetime(t *testing.T) {
	for name, j := range map[string]*cluster.Journal{"without a journal": nil, "with one": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				once := opened(t, spent, j)
				for i := range 1000 {
					spend(t, once, strconv.Itoa(i))
					time.Sleep(time.Millisecond * 60) // as long as a lifetime together
				}
				if n := once.Remembered(); n != 1000 {
					t.Errorf("%d of 1000 are remembered", n)
				}
				if spend(t, once, "0") {
					t.Error("the first was good again within its lifetime")
				}
				time.Sleep(spent.TTL / 2)
				if n := once.Remembered(); n < 500 || n > 800 {
					t.Errorf("%d are remembered half a lifetime later", n)
				}
				time.Sleep(spent.TTL*3/4 + time.Second)
				if n := once.Remembered(); n != 0 {
					t.Errorf("%d are never forgotten", n)
				}
				if !spend(t, once, "0") {
					t.Error("what was forgotten is no longer good")
				}
			})
		})
	}
}

func TestWhatWasReplayedIsForgottenWhenItWouldHaveBeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j cluster.Journal
		spend(t, opened(t, spent, &j), "x")
		time.Sleep(spent.TTL / 2)
		again := opened(t, spent, &j)
		if spend(t, again, "x") {
			t.Error("it was good again")
		}
		time.Sleep(spent.TTL*3/4 + time.Second)
		if n := again.Remembered(); n != 0 {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestOverTheBoundNothingMoreIsSpentAndNothingForgotten(t *testing.T) {
	for name, j := range map[string]*cluster.Journal{"without a journal": nil, "with one": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := spent
				options.Most = 3
				once := opened(t, options, j)
				for i := range 3 {
					spend(t, once, strconv.Itoa(i))
				}
				ok, err := once.Spend(t.Context(), "x", time.Now())
				if ok || !errors.Is(err, cluster.ErrFull) || !strings.Contains(err.Error(), "let what is spent end sooner") {
					t.Errorf("over the bound: %v, %v", ok, err)
				}
				for i := range 3 {
					if spend(t, once, strconv.Itoa(i)) {
						t.Errorf("%d was good again", i)
					}
				}
				time.Sleep(spent.TTL * 2)
				if !spend(t, once, "x") {
					t.Error("there is room, and it was refused")
				}
			})
		})
	}
}

func TestAnAppendThatFailsRefusesAndTheJournalSaysWhetherItCounts(t *testing.T) {
	failure := errors.New("no answer")
	for name, c := range map[string]struct {
		before func(context.Context) error
		after  func() error
		fresh  bool // when it is tried again
	}{
		"nothing was written": {before: func(context.Context) error { return failure }, fresh: true},
		"the answer was lost": {after: func() error { return failure }},
	} {
		t.Run(name, func(t *testing.T) {
			var j cluster.Journal
			once := opened(t, spent, &j)
			j.Before, j.After = c.before, c.after
			for _, id := range []string{"x", "y"} {
				if ok, err := once.Spend(t.Context(), id, time.Now()); ok || !errors.Is(err, failure) {
					t.Fatalf("%v, %v", ok, err)
				}
			}
			j.Before, j.After = nil, nil
			if ok := spend(t, once, "x"); ok != c.fresh {
				t.Errorf("tried again it is the first: %v", ok)
			}
			if spend(t, once, "x") {
				t.Error("it was good a second time")
			}
		})
	}
}

func TestAJournalThatCannotBeReadAtTheStartIsReadLater(t *testing.T) {
	var j cluster.Journal
	spend(t, opened(t, spent, &j), "x")
	j.Before = func(context.Context) error { return errors.New("not now") }
	once := cluster.NewOnce(spent)
	if err := once.Open(t.Context(), &j); err == nil {
		t.Fatal("it does not say so")
	}
	t.Cleanup(once.Close)
	if ok, err := once.Spend(t.Context(), "y", time.Now()); ok || err == nil {
		t.Fatalf("nobody knows what was spent: %v, %v", ok, err)
	}
	j.Before = nil
	if spend(t, once, "x") {
		t.Error("it was good again")
	}
}

func TestAJournalThatIsMadeAnewIsReadFromItsBeginning(t *testing.T) {
	var j cluster.Journal
	one, other := opened(t, spent, &j), opened(t, spent, &j)
	for i := range 10 {
		spend(t, one, strconv.Itoa(i))
	}
	j.Remove()
	if !spend(t, other, "x") {
		t.Error("a new id was refused")
	}
	if spend(t, one, "x") {
		t.Error("it was good on the other node")
	}
	if spend(t, one, "0") {
		t.Error("what was spent in the old journal was good again")
	}
}

func TestWhoWaitsForTheJournalHearsOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j cluster.Journal
		once := opened(t, spent, &j)
		gate(&j)
		var wg sync.WaitGroup
		for i := range 3 { // one is being written, two gather
			wg.Go(func() {
				if ok, err := once.Spend(t.Context(), strconv.Itoa(i), time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
					t.Errorf("%v, %v", ok, err)
				}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if ok, err := once.Spend(ctx, "x", time.Now()); ok || !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", ok, err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		once.Close()
		wg.Wait()
	})
}

// Whatever fails and whichever node is asked: nobody is the first but one, and of those ids that
// never failed exactly one is.
func TestOnAllNodesTogetherAnIDIsSpentOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		failure := errors.New("no answer")
		failures := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 50).Draw(rt, "failures")
		var n atomic.Int64
		outcome := func() int { return failures[n.Add(1)%int64(len(failures))] }
		var j cluster.Journal
		nodes := make([]*cluster.Once, rapid.IntRange(1, 3).Draw(rt, "nodes"))
		for i := range nodes {
			nodes[i] = cluster.NewOnce(spent)
			if err := nodes[i].Open(context.Background(), &j); err != nil {
				rt.Fatal(err)
			}
			defer nodes[i].Close()
		}
		j.Before = func(context.Context) error {
			if outcome() == 0 {
				return failure
			}
			return nil
		}
		j.After = func() error {
			if outcome() == 1 {
				return failure
			}
			return nil
		}
		ids := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 200).Draw(rt, "ids")
		var fresh, failed [21]atomic.Int32
		var wg sync.WaitGroup
		for i, id := range ids {
			wg.Go(func() {
				ok, err := nodes[i%len(nodes)].Spend(context.Background(), strconv.Itoa(id), time.Now())
				switch {
				case err != nil && !errors.Is(err, failure):
					t.Error(err)
				case err != nil:
					failed[id].Add(1)
				case ok:
					fresh[id].Add(1)
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			if n := fresh[id].Load(); n > 1 || n == 0 && failed[id].Load() == 0 {
				rt.Fatalf("of those who spent %d, %d were the first", id, n)
			}
		}
	})
}
