package queue_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/queue"
)

// alarm takes what is due when a time has come, and notes it with the seconds since it began.
type alarm struct {
	queue.Deadlines[string]
	began time.Time
	next  func(key string, at time.Time) time.Time

	mu    sync.Mutex // guards lines: the timer has a goroutine for each call
	lines []string
}

func newAlarm() *alarm {
	a := &alarm{began: time.Now()}
	a.Init(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, key := range a.TakeDue(time.Now(), a.next) {
			a.lines = append(a.lines, fmt.Sprintf("%.0f %s", time.Since(a.began).Seconds(), key))
		}
	})
	return a
}

func (a *alarm) in(seconds int) time.Time { return a.began.Add(time.Duration(seconds) * time.Second) }

func (a *alarm) expect(t *testing.T, want ...string) {
	t.Helper()
	time.Sleep(time.Hour)
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Equal(a.lines, want) {
		t.Errorf("due were %q, want %q", a.lines, want)
	}
	a.lines = nil
}

func TestEachKeyIsDueOnceAtItsLastTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm()
		a.Set("late", a.in(30))
		a.Set("moved", a.in(10))
		a.Set("early", a.in(20))
		a.Set("moved", a.in(40))
		a.Set("removed", a.in(5))
		a.Set("removed", time.Time{})
		a.Set("never there", time.Time{})
		a.Add("early", a.in(1)) // has a time already
		a.Add("added", a.in(50))
		if a.Len() != 4 {
			t.Errorf("%d keys", a.Len())
		}
		a.expect(t, "20 early", "30 late", "40 moved", "50 added")
		if a.Len() != 0 {
			t.Errorf("%d keys are left", a.Len())
		}
	})
}

func TestAKeyMayComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm()
		a.next = func(key string, at time.Time) time.Time {
			if key == "once" || at.After(a.in(25)) {
				return time.Time{}
			}
			return at.Add(10 * time.Second)
		}
		a.Set("again", a.in(10))
		a.Set("once", a.in(15))
		a.expect(t, "10 again", "15 once", "20 again", "30 again")
	})
}

func TestATimeThatHasPassedIsDueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm()
		a.Set("past", a.in(-10))
		a.expect(t, "0 past")
	})
}

func TestNothingIsDueAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm()
		a.Set("a", a.in(10))
		a.Stop()
		a.Set("b", a.in(20))
		a.expect(t)
	})
}

func TestDeadlinesAgreeWithAMap(t *testing.T) {
	began := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		var d queue.Deadlines[int]
		d.Init(func() {})
		defer d.Stop()
		model := map[int]time.Time{}
		key, at := rapid.IntRange(0, 20), rapid.Map(rapid.IntRange(0, 50), func(n int) time.Time { return began.Add(time.Duration(n) * time.Hour) })
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, to := key.Draw(t, "key"), at.Draw(t, "at")
				d.Set(k, to)
				model[k] = to
			},
			"remove": func(t *rapid.T) {
				k := key.Draw(t, "key")
				d.Set(k, time.Time{})
				delete(model, k)
			},
			"add": func(t *rapid.T) {
				k, to := key.Draw(t, "key"), at.Draw(t, "at")
				d.Add(k, to)
				if _, has := model[k]; !has {
					model[k] = to
				}
			},
			"take": func(t *rapid.T) {
				now := at.Draw(t, "now")
				var want []int
				times := map[int]time.Time{}
				for k, to := range model {
					if !to.After(now) {
						want, times[k] = append(want, k), to
						delete(model, k)
					}
				}
				got := d.TakeDue(now, nil)
				if !slices.IsSortedFunc(got, func(a, b int) int { return times[a].Compare(times[b]) }) {
					t.Fatalf("%v are not in the order of their times", got)
				}
				slices.SortFunc(got, cmp.Compare[int])
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("due are %v, want %v", got, want)
				}
			},
			"": func(t *rapid.T) {
				if d.Len() != len(model) {
					t.Fatalf("%d keys, want %d", d.Len(), len(model))
				}
			},
		})
	})
}
