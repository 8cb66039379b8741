package queue_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/queue"
)

func TestValuesArePassedOnceInTheirOrder(t *testing.T) {
	const each = 1000
	var (
		mu   sync.Mutex
		q    queue.Serial[int]
		next int   // guarded by mu
		got  []int // by one goroutine at a time, which is what the test proves with the race detector
		all  sync.WaitGroup
	)
	for range 8 {
		all.Go(func() {
			for range each {
				mu.Lock()
				q.Push(next)
				next++
				q.Drain(&mu, func(v int) { got = append(got, v) })
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(got) != 8*each || !slices.IsSorted(got) || !q.Empty() {
		t.Errorf("%d values, sorted: %t, empty: %t", len(got), slices.IsSorted(got), q.Empty())
	}
}

func TestAValueThatIsPushedWhilePassingIsPassedByTheSameDrain(t *testing.T) {
	var mu sync.Mutex
	var q queue.Serial[int]
	var got []int
	mu.Lock()
	defer mu.Unlock()
	q.Push(1)
	q.Drain(&mu, func(v int) {
		got = append(got, v)
		mu.Lock()
		defer mu.Unlock()
		if v < 3 {
			q.Push(v + 1)
		}
		q.Drain(&mu, func(int) { t.Error("two drains at once") })
	})
	if !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("passed %v", got)
	}
}

func TestAPanicLeavesTheMutexHeldAndTheQueueUsable(t *testing.T) {
	var mu sync.Mutex
	var q queue.Serial[int]
	mu.Lock()
	q.Push(1)
	func() {
		defer func() { _ = recover() }()
		q.Drain(&mu, func(int) { panic("broken") })
	}()
	if mu.TryLock() {
		t.Fatal("the mutex is free")
	}
	var got []int
	q.Push(2, 3)
	q.Clear()
	q.Push(4)
	q.Drain(&mu, func(v int) { got = append(got, v) })
	mu.Unlock()
	if !slices.Equal(got, []int{4}) {
		t.Errorf("passed %v", got)
	}
}

func TestAPanicLeavesTheValuesBehindItToTheNextDrain(t *testing.T) {
	var mu sync.Mutex
	var q queue.Serial[int]
	var got []int
	mu.Lock()
	defer mu.Unlock()
	q.Push(1, 2, 3)
	func() {
		defer func() { _ = recover() }()
		q.Drain(&mu, func(v int) {
			if v == 2 {
				panic("broken")
			}
			got = append(got, v)
		})
	}()
	q.Drain(&mu, func(v int) { got = append(got, v) })
	if !slices.Equal(got, []int{1, 3}) {
		t.Errorf("passed %v", got)
	}
}

func TestAMailboxPassesValuesInTheirOrderAndIsEmptyAfterTheLast(t *testing.T) {
	const each = 1000
	var m queue.Mailbox[int]
	var next int
	var order sync.Mutex // makes number and place of a value one step
	var got []int        // by one goroutine at a time
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range each {
				order.Lock()
				m.Put(next)
				next++
				order.Unlock()
				m.Drain(func(v int) { got = append(got, v) })
			}
		})
	}
	all.Wait()
	if len(got) != 8*each || !slices.IsSorted(got) || !m.Empty() {
		t.Errorf("%d values, sorted: %t, empty: %t", len(got), slices.IsSorted(got), m.Empty())
	}
}

func TestAMailboxIsNotEmptyWhileItsLastValueIsPassed(t *testing.T) {
	var m queue.Mailbox[int]
	m.Put(1)
	m.Drain(func(int) {
		if m.Empty() {
			t.Error("the mailbox is empty")
		}
	})
	func() {
		defer func() { _ = recover() }()
		m.Put(2)
		m.Put(3)
		m.Drain(func(int) { panic("broken") })
	}()
	var got []int
	m.Drain(func(v int) { got = append(got, v) })
	if !slices.Equal(got, []int{3}) || !m.Empty() {
		t.Errorf("passed %v after a panic, empty: %t", got, m.Empty())
	}
	if n := testing.AllocsPerRun(100, func() { m.Drain(func(int) {}) }); n != 0 {
		t.Errorf("draining an empty mailbox costs %v allocations", n)
	}
}
