package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/queue"
)

// notebook handles groups of numbers by writing them down. The race detector tells if two are handled at once.
type notebook struct {
	queue.Grouped[string, int]
	gate   chan struct{} // each group takes one
	groups [][]int
}

func newNotebook() *notebook {
	n := &notebook{gate: make(chan struct{})}
	n.Init(func(_ string, group []queue.Waiting[int]) {
		<-n.gate
		var values []int
		for _, w := range group {
			values = append(values, w.Value)
		}
		n.groups = append(n.groups, values)
		if slices.Contains(values, -1) {
			panic("broken")
		}
	})
	return n
}

func TestWhatWaitsWhileAGroupIsHandledIsTheNextGroupInItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotebook()
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() { n.Do("a", i) })
			synctest.Wait() // it leads, or it waits
		}
		n.gate <- struct{}{}
		n.gate <- struct{}{}
		all.Wait()
		all.Go(func() { n.Do("a", 5) })
		n.gate <- struct{}{}
		all.Wait()
		if got := fmt.Sprint(n.groups); got != "[[0] [1 2 3 4] [5]]" {
			t.Errorf("the groups are %s", got)
		}
	})
}

func TestADoneValueReturnsAndTheNextLeadBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotebook()
		done := make(chan int, 3)
		for i := range 3 {
			go func() {
				n.Do("a", i)
				done <- i
			}()
			synctest.Wait()
		}
		n.gate <- struct{}{}
		synctest.Wait()
		if len(done) != 1 || <-done != 0 {
			t.Error("the leader of the first group has not returned, or another one has")
		}
		n.gate <- struct{}{}
		synctest.Wait()
		if len(done) != 2 {
			t.Errorf("%d goroutines of the second group have returned", len(done))
		}
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g queue.Grouped[string, int]
		hold := make(chan struct{})
		g.Init(func(key string, _ []queue.Waiting[int]) {
			if key == "slow" {
				<-hold
			}
		})
		go g.Do("slow", 1)
		synctest.Wait()
		g.Do("quick", 2)
		close(hold)
	})
}

func TestAPanicIsThatOfTheLeaderAndTheLeadGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotebook()
		var all sync.WaitGroup
		faults := make(chan any, 4)
		for i, value := range []int{0, -1, 2} {
			all.Go(func() {
				defer func() {
					if fault := recover(); fault != nil {
						faults <- fmt.Sprint(i, " ", fault)
					}
				}()
				n.Do("a", value)
			})
			synctest.Wait()
		}
		n.gate <- struct{}{}
		synctest.Wait() // the second one leads the last two
		all.Go(func() { n.Do("a", 3) })
		synctest.Wait()
		n.gate <- struct{}{}
		n.gate <- struct{}{}
		all.Wait()
		if len(faults) != 1 || <-faults != "1 broken" {
			t.Error("not only the leader of the broken group has panicked")
		}
		if got := fmt.Sprint(n.groups); got != "[[0] [-1 2] [3]]" {
			t.Errorf("the groups are %s", got)
		}
	})
}

func TestSettlingWaitsForTheGroupsOfTheKeysThatMatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotebook()
		is := func(wanted string) func(string) bool { return func(key string) bool { return key == wanted } }
		if err := n.Settle(t.Context(), is("a")); err != nil {
			t.Fatal(err)
		}
		go n.Do("a", 1)
		synctest.Wait()
		if err := n.Settle(t.Context(), is("b")); err != nil {
			t.Fatal(err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := n.Settle(canceled, is("a")); !errors.Is(err, context.Canceled) {
			t.Errorf("settled although a group is being handled: %v", err)
		}
		settled := false
		go func() {
			settled = n.Settle(t.Context(), is("a")) == nil && len(n.groups) == 1
		}()
		synctest.Wait()
		n.gate <- struct{}{}
		synctest.Wait()
		if !settled {
			t.Error("settling has not returned after the group was done")
		}
	})
}
