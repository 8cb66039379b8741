package oro_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/oro"
)

func TestAtMostOneDigestForEachCoreIsComputedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := oro.NewDigestQueue(oro.LoginOptions{AtOnce: 3})
		var running, most atomic.Int64
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				if err := queue.Do(t.Context(), i%4, func() {
					now := running.Add(1)
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					time.Sleep(time.Millisecond)
					running.Add(-1)
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 3 || queue.Free() != 3 {
			t.Errorf("%d digests at once; %d cores are free", most.Load(), queue.Free())
		}
	})
}

// heldQueue is a queue of one core, which is taken until release is closed.
type heldQueue struct {
	oro.DigestQueue
	release chan struct{}
	all     sync.WaitGroup
}

func holdQueue(t *testing.T, o oro.LoginOptions) *heldQueue {
	o.AtOnce = 1
	h := &heldQueue{DigestQueue: oro.NewDigestQueue(o), release: make(chan struct{})}
	h.all.Go(func() {
		if err := h.Do(t.Context(), oro.LanePages, func() { <-h.release }); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return h
}

func TestBackendsAreServedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := holdQueue(t, oro.LoginOptions{})
		var mu sync.Mutex
		var order []int
		for i := range 12 {
			held.all.Go(func() {
				if err := held.Do(t.Context(), 3-i%4, func() {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, 3-i%4)
				}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(held.release)
		held.all.Wait()
		if len(order) != 12 || !slices.IsSorted(order) {
			t.Errorf("they were served in the order %v", order)
		}
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := holdQueue(t, oro.LoginOptions{Queue: 2, BackendQueue: 1, Wait: time.Hour, BackendWait: time.Hour})
		var computed atomic.Int64
		var full [4]atomic.Int64
		for lane := range full {
			for range 5 {
				held.all.Go(func() {
					if err := held.Do(t.Context(), lane, func() { computed.Add(1) }); err != nil {
						full[lane].Add(1)
						if !strings.Contains(err.Error(), "too many logins wait") {
							t.Error(err)
						}
					}
				})
			}
		}
		synctest.Wait()
		if got := fmt.Sprint(full[0].Load(), full[1].Load(), full[2].Load(), full[3].Load()); got != "4 4 3 3" {
			t.Errorf("refused in each lane: %s", got)
		}
		close(held.release)
		held.all.Wait()
		if computed.Load() != 6 || held.Free() != 1 {
			t.Errorf("%d digests were computed; %d cores are free", computed.Load(), held.Free())
		}
	})
}

func TestAWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := holdQueue(t, oro.LoginOptions{})
		begun := time.Now()
		for lane, most := range map[int]time.Duration{
			oro.LaneBackends: oro.DefaultBackendWait, oro.LaneOtherBackends: oro.DefaultBackendWait,
			oro.LaneKnownPages: oro.DefaultWait, oro.LanePages: oro.DefaultWait,
		} {
			held.all.Go(func() {
				err := held.Do(t.Context(), lane, func() { t.Error("it was computed") })
				if waited := time.Since(begun); err == nil || waited != most {
					t.Errorf("lane %d waited %s: %v", lane, waited, err)
				}
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		held.all.Go(func() {
			if err := held.Do(ctx, oro.LanePages, func() { t.Error("it was computed") }); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		time.Sleep(time.Minute)
		close(held.release)
		held.all.Wait()
		if held.Free() != 1 {
			t.Error("a core was lost")
		}
	})
}

func TestATurnThatComesTooLateIsPassedOn(t *testing.T) {
	for range 50 { // the turn and the end of the wait come in any order
		synctest.Test(t, func(t *testing.T) {
			held := holdQueue(t, oro.LoginOptions{Wait: time.Second})
			var computed, refused atomic.Int64
			for range 20 {
				held.all.Go(func() {
					if held.Do(t.Context(), oro.LanePages, func() { computed.Add(1) }) != nil {
						refused.Add(1)
					}
				})
			}
			time.Sleep(time.Second)
			close(held.release)
			held.all.Wait()
			if computed.Load()+refused.Load() != 20 || held.Free() != 1 {
				t.Errorf("%d computed, %d refused, %d cores are free", computed.Load(), refused.Load(), held.Free())
			}
		})
	}
}

func TestBackendsGetTheNextFreeCoreInAStormOfPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages, backends, cores = 5000, 100, 2
		users := make(directory)
		for i := range pages {
			name := fmt.Sprintf("page%d", i)
			users[name] = &oro.User{ID: int64(i), Username: name, Enabled: true}
		}
		redeemer := oro.NewTickets(oro.TicketOptions{Secret: secret, Users: users, Guard: new(guard), Logins: oro.LoginOptions{AtOnce: cores}})
		begun := storm{release: make(chan struct{})}
		redeemer.ReplaceDigests(begun.compute, func(string) bool { return true })
		var all sync.WaitGroup
		login := func(name string, nonce int) {
			all.Go(func() {
				ticket := compose(vectors["anna"].digest, name, fmt.Sprint(nonce), time.Now().Format(time.RFC3339))
				if _, err := redeemer.Redeem(t.Context(), ticket, stranger); err != nil {
					t.Errorf("%q: %v", name, err)
				}
			})
		}
		for i := range pages {
			login(fmt.Sprintf("page%d", i), i)
		}
		synctest.Wait()
		for i := range backends {
			login("", i)
		}
		synctest.Wait()
		close(begun.release)
		all.Wait()
		// The pages that were at work when the backends came are before them, and no other.
		if before := begun.pagesBeforeBackends(); before != cores || len(begun.names) != pages+backends {
			t.Errorf("%d pages were served before the last backend; %d digests", before, len(begun.names))
		}
		if got := redeemer.Counts(); got[oro.Accepted] != pages+backends {
			t.Errorf("%v", got)
		}
	})
}

func TestALoginThatWaitsTooLongIsTriedAgainByTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := directory{"anna": anna(), "otto": {ID: 8, Username: "otto", Enabled: true}}
		redeemer := oro.NewTickets(oro.TicketOptions{Secret: secret, Users: users, Guard: new(guard), Logins: oro.LoginOptions{AtOnce: 1}})
		begun := storm{release: make(chan struct{})}
		redeemer.ReplaceDigests(begun.compute, func(string) bool { return true })
		var all sync.WaitGroup
		all.Go(func() { redeem(t, redeemer, made("anna", "first"), "") })
		synctest.Wait()
		all.Go(func() {
			redeem(t, redeemer, made("otto", "second"), "authentication_failed: the server is busy with other logins (oro.logins): try again")
		})
		all.Go(func() {
			redeem(t, redeemer, made("", "third"), "authentication_failed: the server is busy with other logins (oro.logins): try again")
		})
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := redeemer.Redeem(ctx, made("otto", "fourth"), stranger); err == nil || !strings.Contains(err.Error(), "the client has gone") {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		time.Sleep(oro.DefaultWait)
		close(begun.release)
		all.Wait()
		if got := redeemer.Counts(); got[oro.Busy] != 2 || got[oro.Canceled] != 1 || got[oro.Accepted] != 1 {
			t.Errorf("%v", got)
		}
		redeem(t, redeemer, made("otto", "second"), "") // it was not used
	})
}

// storm records whose digests were begun.
type storm struct {
	release chan struct{}
	mu      sync.Mutex
	names   []string
}

func (s *storm) compute(name, _ string) {
	s.mu.Lock()
	s.names = append(s.names, name)
	s.mu.Unlock()
	<-s.release
	time.Sleep(2200 * time.Microsecond)
}

// pagesBeforeBackends returns the number of pages before the last backend.
func (s *storm) pagesBeforeBackends() int {
	pages := 0
	for i := len(s.names) - 1; i >= 0; i-- {
		if s.names[i] == "" {
			for _, name := range s.names[:i] {
				if name != "" {
					pages++
				}
			}
			return pages
		}
	}
	return -1
}

func TestTheConfigurationHasTheDefaultsOfTheCode(t *testing.T) {
	got := make(map[string]string)
	options := reflect.TypeFor[oro.LoginOptions]()
	for i := range options.NumField() {
		got[options.Field(i).Name] = options.Field(i).Tag.Get("default")
	}
	want := map[string]string{
		"AtOnce": "0", "Queue": fmt.Sprint(oro.DefaultQueue), "Wait": oro.DefaultWait.String(), "BackendQueue": fmt.Sprint(oro.DefaultBackendQueue),
		"BackendWait": oro.DefaultBackendWait.String(), "BackendTickets": fmt.Sprint(oro.DefaultBackendTickets),
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
