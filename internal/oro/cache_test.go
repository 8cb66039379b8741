package oro_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/oro"
)

// usersFunc finds users by a function.
type usersFunc func(ctx context.Context, name string) (*oro.User, error)

func (f usersFunc) Find(ctx context.Context, name string) (*oro.User, error) { return f(ctx, name) }

// numbered answers with the number of the question as the id. Names that begin with "un" are unknown.
func numbered(asked *atomic.Int64) usersFunc {
	return func(_ context.Context, name string) (*oro.User, error) {
		n := asked.Add(1)
		if strings.HasPrefix(name, "un") {
			return nil, nil
		}
		return &oro.User{ID: n, Username: name}, nil
	}
}

func TestAUserIsRememberedForTheTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		cache := oro.NewCache(oro.CacheOptions{Users: numbered(&asked), TTL: 5 * time.Second, Timeout: time.Second, Concurrency: 1})
		for _, step := range []struct {
			name      string
			wait      time.Duration
			questions int64
		}{
			{"anna", 0, 1},
			{"anna", 4999 * time.Millisecond, 1},
			{"Anna", 0, 2}, // names are taken as they are
			{"anna", time.Millisecond, 3},
			{"unknown", 0, 4},
			{"unknown", 999 * time.Millisecond, 4},
			{"unknown", time.Millisecond, 5},
			{strings.Repeat("x", 256), 0, 5}, // longer than the column
			{"", 0, 5},
		} {
			time.Sleep(step.wait)
			if _, err := cache.Find(t.Context(), step.name); err != nil {
				t.Fatal(err)
			}
			if got := asked.Load(); got != step.questions {
				t.Errorf("%.10q after %v: %d questions, want %d", step.name, step.wait, got, step.questions)
			}
		}
		if got, want := cache.Stats(), (oro.CacheStats{Questions: 5, Hits: 2}); got != want {
			t.Errorf("the counts are %+v, want %+v", got, want)
		}
	})
}

func TestACacheOfNoTimeRemembersNothing(t *testing.T) {
	var asked atomic.Int64
	cache := oro.NewCache(oro.CacheOptions{Users: numbered(&asked), Timeout: time.Minute, Concurrency: 1})
	for want := range int64(3) {
		for _, name := range []string{"anna", "unknown"} {
			if _, err := cache.Find(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if got := asked.Load(); got != 2*(want+1) || cache.Len() != 0 {
			t.Errorf("%d questions and %d names", got, cache.Len())
		}
	}
}

func TestTheTimeOfAUserBeginsWithTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		slow := usersFunc(func(ctx context.Context, name string) (*oro.User, error) {
			time.Sleep(3 * time.Second)
			return numbered(&asked)(ctx, name)
		})
		cache := oro.NewCache(oro.CacheOptions{Users: slow, TTL: 5 * time.Second, Timeout: time.Minute, Concurrency: 1})
		for _, want := range []int64{1, 1, 2} {
			user, err := cache.Find(t.Context(), "anna")
			if err != nil || user.ID != want {
				t.Errorf("the user is %+v, %v, want question %d", user, err, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestAnErrorIsNotRemembered(t *testing.T) {
	broken := errors.New("the database is away")
	users := usersFunc(func(context.Context, string) (*oro.User, error) { return nil, broken })
	cache := oro.NewCache(oro.CacheOptions{Users: &users, TTL: time.Minute, Timeout: time.Minute, Concurrency: 1})
	if _, err := cache.Find(t.Context(), "anna"); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	users = func(context.Context, string) (*oro.User, error) { return &oro.User{ID: 1}, nil }
	if user, err := cache.Find(t.Context(), "anna"); err != nil || user == nil {
		t.Errorf("the user is %v, %v", user, err)
	}
	if got := cache.Stats().Failures; got != 1 {
		t.Errorf("%d failures", got)
	}
}

func TestQuestionsForOneNameAreOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		release := make(chan struct{})
		users := usersFunc(func(ctx context.Context, name string) (*oro.User, error) {
			<-release
			return numbered(&asked)(ctx, name)
		})
		cache := oro.NewCache(oro.CacheOptions{Users: users, Timeout: time.Minute, Concurrency: 1})
		first, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := cache.Find(first, "anna"); !errors.Is(err, context.Canceled) {
				t.Errorf("the error of the client that left is %v", err)
			}
		})
		synctest.Wait()
		for range 100 {
			wait.Go(func() {
				if user, err := cache.Find(t.Context(), "anna"); err != nil || user.ID != 1 {
					t.Errorf("the user is %+v, %v", user, err)
				}
			})
		}
		synctest.Wait()
		leave() // the others still get their answer
		synctest.Wait()
		close(release)
		wait.Wait()
	})
}

func TestStrangersDoNotFloodTheApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most, strangers = 16, 1000
		var open, peak, asked atomic.Int64
		users := usersFunc(func(context.Context, string) (*oro.User, error) {
			asked.Add(1)
			peak.Store(max(peak.Load(), open.Add(1)))
			defer open.Add(-1)
			time.Sleep(100 * time.Millisecond)
			return nil, nil
		})
		cache := oro.NewCache(oro.CacheOptions{Users: users, TTL: time.Minute, Timeout: 850 * time.Millisecond, Concurrency: most})
		var refused atomic.Int64
		var wait sync.WaitGroup
		begin := time.Now()
		for i := range strangers {
			wait.Go(func() {
				if _, err := cache.Find(t.Context(), fmt.Sprint("stranger ", i)); err != nil {
					refused.Add(1)
					if text := err.Error(); !strings.Contains(text, "oro.users.concurrency") || !strings.Contains(text, "oro.users.timeout") {
						t.Errorf("the error is %q", text)
					}
				}
			})
		}
		wait.Wait()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the last one waited for %v", took)
		}
		if peak.Load() != most || asked.Load() != 9*most || refused.Load() != strangers-9*most {
			t.Errorf("%d questions at once, %d in all, %d refused", peak.Load(), asked.Load(), refused.Load())
		}
	})
}

func TestTheNamesAreBounded(t *testing.T) {
	var asked atomic.Int64
	cache := oro.NewCache(oro.CacheOptions{Users: numbered(&asked), TTL: time.Hour, Timeout: time.Minute, Concurrency: 1})
	for i := range oro.MaxCached + 100 {
		for _, name := range []string{"anna", fmt.Sprint("stranger ", i)} { // anna is in use
			if _, err := cache.Find(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cache.Len() != oro.MaxCached || asked.Load() != 1+oro.MaxCached+100 {
		t.Errorf("%d names after %d questions", cache.Len(), asked.Load())
	}
}

func TestAQuestionThatTakesTooLongNamesTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := usersFunc(func(ctx context.Context, _ string) (*oro.User, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		cache := oro.NewCache(oro.CacheOptions{Users: users, TTL: time.Minute, Timeout: 800 * time.Millisecond, Concurrency: 1})
		begin := time.Now()
		_, err := cache.Find(t.Context(), "anna")
		if took := time.Since(begin); took != 800*time.Millisecond || err == nil || !strings.Contains(err.Error(), "oro.users.timeout") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
