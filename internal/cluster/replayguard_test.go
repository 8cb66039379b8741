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

var spent = cluster.ReplayGuardOptions{Name: "spent", TTL: time.Minute, Most: 1 << 16}

// opened returns a guard that is open on a log, or without one.
func opened(t *testing.T, options cluster.ReplayGuardOptions, j *cluster.LogStore) *cluster.ReplayGuard {
	t.Helper()
	o := cluster.NewReplayGuard(options)
	if err := o.Open(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func use(t *testing.T, o *cluster.ReplayGuard, id string) (first bool) {
	t.Helper()
	first, err := o.Use(t.Context(), id, time.Time{}, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestOneOfManyConcurrentUsesIsTheFirst(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			e := cluster.New(cluster.Options{Dir: dir})
			guard := e.ReplayGuard(spent)
			start(t, e)
			nodes := []*cluster.ReplayGuard{guard}
			if dir != "" { // nodes share a log; in memory there is none
				other := cluster.NewReplayGuard(spent)
				if err := e.OpenAsNode(t.Context(), other); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(other.Close)
				nodes = append(nodes, other)
			}
			const ids = 20
			var first [ids]atomic.Int32
			var wg sync.WaitGroup
			for i := range 50 * ids {
				wg.Go(func() {
					ok, err := nodes[i%len(nodes)].Use(t.Context(), strconv.Itoa(i/50), time.Time{}, time.Now().Add(time.Second))
					if err != nil {
						t.Error(err)
					}
					if ok {
						first[i/50].Add(1)
					}
				})
			}
			wg.Wait()
			for i := range first {
				if n := first[i].Load(); n != 1 {
					t.Errorf("%d uses were the first", n)
				}
			}
		})
	}
}

func TestAnIDThatOutlivesTheMemoryOfTheGuardIsRefused(t *testing.T) {
	guard := opened(t, spent, nil)
	if ok, err := guard.Use(t.Context(), "late", time.Time{}, time.Now().Add(time.Hour)); ok || err == nil {
		t.Fatalf("%v, %v", ok, err)
	}
}

func TestIDsAreRefusedWhileTheEngineIsNotRunning(t *testing.T) {
	e := cluster.New(cluster.Options{})
	guard := e.ReplayGuard(spent)
	if e.ReplayGuard(spent) != guard {
		t.Error("declaring the name again returned another guard")
	}
	if ok, err := guard.Use(t.Context(), "x", time.Time{}, time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("before the start: %v, %v", ok, err)
	}
	start(t, e)
	stop(t, e)
	if ok, err := guard.Use(t.Context(), "x", time.Time{}, time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
		t.Errorf("after the end: %v, %v", ok, err)
	}
}

func TestAUsedIDStaysUsedAfterARestart(t *testing.T) {
	dir := t.TempDir()
	const each = 300
	for round := range 3 {
		e := cluster.New(cluster.Options{Dir: dir})
		guard := e.ReplayGuard(spent)
		start(t, e)
		for i := range round * each {
			if use(t, guard, strconv.Itoa(i)) {
				t.Fatalf("round %d: %d was accepted again", round, i)
			}
		}
		for i := range each {
			if !use(t, guard, strconv.Itoa(round*each+i)) {
				t.Fatalf("round %d: %d was used already", round, i)
			}
		}
		stop(t, e)
	}
}

// spender names the environment variable of a process that uses ids in a folder, and then waits to be killed.
const spender = "TIDINGS_TEST_SPENDER"

func runSpender(dir string) {
	e := cluster.New(cluster.Options{Dir: dir})
	guard := e.ReplayGuard(spent)
	err := e.Start(context.Background())
	for i := 0; err == nil && i < 100; i++ {
		_, err = guard.Use(context.Background(), strconv.Itoa(i), time.Time{}, time.Now().Add(time.Second))
	}
	fmt.Println(err)
	select {}
}

func TestAUsedIDStaysUsedWhenTheProcessIsKilled(t *testing.T) {
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
	_ = child.Wait() // reports that it was killed
	e := cluster.New(cluster.Options{Dir: dir})
	guard := e.ReplayGuard(spent)
	start(t, e)
	for i := range 100 {
		if use(t, guard, strconv.Itoa(i)) {
			t.Errorf("%d was accepted again", i)
		}
	}
}

// gate lets appends pass one by one.
func gate(j *cluster.LogStore) chan<- struct{} {
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

func TestUsesDuringAnAppendShareTheNextAppend(t *testing.T) {
	for name, c := range map[string]struct{ callers, appends int }{
		"alone":               {1, 1},
		"as many as can be":   {64, 2},
		"more than fit in it": {2 + cluster.MaxGroup, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j cluster.LogStore
				guard := opened(t, spent, &j)
				before := j.Appends()
				pass := gate(&j)
				began := time.Now()
				var first atomic.Int32
				var wg sync.WaitGroup
				for i := range c.callers {
					wg.Go(func() {
						if use(t, guard, strconv.Itoa(i)) {
							first.Add(1)
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
				if n := first.Load(); n != int32(c.callers) {
					t.Errorf("%d of %d were the first", n, c.callers)
				}
				if waited := time.Since(began); waited != 0 {
					t.Errorf("it waited for a timer, %s", waited)
				}
				if n := guard.Waiting(); n != 0 {
					t.Errorf("%d callers wait for ever", n)
				}
			})
		})
	}
}

func TestUsedIDsExpireAfterTheTTL(t *testing.T) {
	for name, j := range map[string]*cluster.LogStore{"without a journal": nil, "with one": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guard := opened(t, spent, j)
				for i := range 1000 {
					use(t, guard, strconv.Itoa(i))
					time.Sleep(time.Millisecond * 60) // one TTL together
				}
				if n := guard.Remembered(); n != 1000 {
					t.Errorf("%d of 1000 are remembered", n)
				}
				if use(t, guard, "0") {
					t.Error("the first id was accepted again within its TTL")
				}
				time.Sleep(spent.TTL / 2)
				if n := guard.Remembered(); n < 500 || n > 800 {
					t.Errorf("%d are remembered half a TTL later", n)
				}
				time.Sleep(spent.TTL*3/4 + time.Second)
				if n := guard.Remembered(); n != 0 {
					t.Errorf("%d are never forgotten", n)
				}
				if !use(t, guard, "0") {
					t.Error("an expired id is still refused")
				}
			})
		})
	}
}

func TestReplayedIDsExpireAtTheirOriginalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j cluster.LogStore
		use(t, opened(t, spent, &j), "x")
		time.Sleep(spent.TTL / 2)
		again := opened(t, spent, &j)
		if use(t, again, "x") {
			t.Error("it was accepted again")
		}
		time.Sleep(spent.TTL*3/4 + time.Second)
		if n := again.Remembered(); n != 0 {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestAFullGuardRefusesNewIDsAndForgetsNone(t *testing.T) {
	for name, j := range map[string]*cluster.LogStore{"without a journal": nil, "with one": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := spent
				options.Most = 3
				guard := opened(t, options, j)
				for i := range 3 {
					use(t, guard, strconv.Itoa(i))
				}
				ok, err := guard.Use(t.Context(), "x", time.Time{}, time.Now())
				if ok || !errors.Is(err, cluster.ErrFull) || !strings.Contains(err.Error(), "a shorter lifetime makes room sooner") {
					t.Errorf("over the bound: %v, %v", ok, err)
				}
				for i := range 3 {
					if use(t, guard, strconv.Itoa(i)) {
						t.Errorf("%d was accepted again", i)
					}
				}
				time.Sleep(spent.TTL * 2)
				if !use(t, guard, "x") {
					t.Error("an id was refused although there is room")
				}
			})
		})
	}
}

func TestAFailedAppendRefusesAndTheLogDecidesLater(t *testing.T) {
	failure := errors.New("no answer")
	for name, c := range map[string]struct {
		before func(context.Context) error
		after  func() error
		first  bool // when it is tried again
	}{
		"nothing was written": {before: func(context.Context) error { return failure }, first: true},
		"the answer was lost": {after: func() error { return failure }},
	} {
		t.Run(name, func(t *testing.T) {
			var j cluster.LogStore
			guard := opened(t, spent, &j)
			j.Before, j.After = c.before, c.after
			for _, id := range []string{"x", "y"} {
				if ok, err := guard.Use(t.Context(), id, time.Time{}, time.Now()); ok || !errors.Is(err, failure) {
					t.Fatalf("%v, %v", ok, err)
				}
			}
			j.Before, j.After = nil, nil
			if ok := use(t, guard, "x"); ok != c.first {
				t.Errorf("tried again it is the first: %v", ok)
			}
			if use(t, guard, "x") {
				t.Error("the id was accepted a second time")
			}
		})
	}
}

func TestAGuardStaysClosedUntilItsLogCanBeRead(t *testing.T) {
	var j cluster.LogStore
	use(t, opened(t, spent, &j), "x")
	j.Before = func(context.Context) error { return errors.New("not now") }
	guard := cluster.NewReplayGuard(spent)
	if err := guard.Open(t.Context(), &j); err == nil {
		t.Fatal("the error is missing")
	}
	if ok, err := guard.Use(t.Context(), "y", time.Time{}, time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
		t.Fatalf("use before the log was read: %v, %v", ok, err)
	}
	j.Before = nil
	if err := guard.Open(t.Context(), &j); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(guard.Close)
	if use(t, guard, "x") {
		t.Error("it was accepted again")
	}
}

func TestALogThatIsCreatedAgainIsReadFromItsBeginning(t *testing.T) {
	var j cluster.LogStore
	one, other := opened(t, spent, &j), opened(t, spent, &j)
	for i := range 10 {
		use(t, one, strconv.Itoa(i))
	}
	j.Remove()
	if !use(t, other, "x") {
		t.Error("a new id was refused")
	}
	if use(t, one, "x") {
		t.Error("the id was accepted on the other node")
	}
	if use(t, one, "0") {
		t.Error("an id of the old log was accepted again")
	}
}

func TestCallersThatWaitForTheLogGetAnErrorOnClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j cluster.LogStore
		guard := opened(t, spent, &j)
		gate(&j)
		var wg sync.WaitGroup
		for i := range 3 { // one is being written, two gather
			wg.Go(func() {
				if ok, err := guard.Use(t.Context(), strconv.Itoa(i), time.Time{}, time.Now()); ok || !errors.Is(err, cluster.ErrStopped) {
					t.Errorf("%v, %v", ok, err)
				}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if ok, err := guard.Use(ctx, "x", time.Time{}, time.Now()); ok || !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", ok, err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		guard.Close()
		wg.Wait()
	})
}

// Whatever append fails and whichever node is asked, at most one use of an id is the first. If no append failed,
// exactly one is.
func TestOnAllNodesTogetherAnIDIsUsedOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		failure := errors.New("no answer")
		failures := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 50).Draw(rt, "failures")
		var n atomic.Int64
		outcome := func() int { return failures[n.Add(1)%int64(len(failures))] }
		var j cluster.LogStore
		nodes := make([]*cluster.ReplayGuard, rapid.IntRange(1, 3).Draw(rt, "nodes"))
		for i := range nodes {
			nodes[i] = cluster.NewReplayGuard(spent)
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
		var first, failed [21]atomic.Int32
		var wg sync.WaitGroup
		for i, id := range ids {
			wg.Go(func() {
				ok, err := nodes[i%len(nodes)].Use(context.Background(), strconv.Itoa(id), time.Time{}, time.Now())
				switch {
				case err != nil && !errors.Is(err, failure):
					t.Error(err)
				case err != nil:
					failed[id].Add(1)
				case ok:
					first[id].Add(1)
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			if n := first[id].Load(); n > 1 || n == 0 && failed[id].Load() == 0 {
				rt.Fatalf("of the uses of %d, %d were the first", id, n)
			}
		}
	})
}
