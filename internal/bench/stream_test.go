package bench_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/bench"
)

// waiting calls Wait in a goroutine and returns a channel with the result.
func waiting(t *testing.T, s bench.Stream, publications int64) <-chan error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- s.Wait(ctx, publications)
	}()
	synctest.Wait()
	return done
}

func wantWaiting(t *testing.T, done <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		t.Errorf("Wait returned early: %v", err)
	default:
	}
}

func wantResult(t *testing.T, s bench.Stream, publications, events, lost int64) {
	t.Helper()
	if p, e, l := s.Result(); p != publications || e != events || l != lost {
		t.Errorf("%d publications, %d events, %d lost; want %d, %d, %d", p, e, l, publications, events, lost)
	}
}

func TestTheNextPublicationWaitsForEventsOfEarlierOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bench.NewStream(2)
		s.Next()
		s.Next() // 4 events are on their way
		done := waiting(t, s, 1)
		s.Arrive()
		wantWaiting(t, done)
		s.Arrive()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantResult(t, s, 2, 2, 2)
	})
}

func TestWaitIgnoresASubscriberThatHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bench.NewStream(2)
		s.Next()
		s.Next()
		s.Arrive() // both events of the one
		s.Arrive()
		s.Arrive() // one of the other
		done := waiting(t, s, 0)
		wantWaiting(t, done)
		s.Leave(1)
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantResult(t, s, 2, 3, 1)
		s.Next() // is for one subscriber
		s.Arrive()
		wantResult(t, s, 3, 4, 1)
	})
}

func TestWithoutSubscribersThereIsNoNextPublication(t *testing.T) {
	s := bench.NewStream(1)
	s.Leave(0)
	if _, ok := s.Next(); ok {
		t.Error("Next returned a publication without subscribers")
	}
}

func TestEventsThatDoNotArriveAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bench.NewStream(3)
		s.Next()
		s.Arrive()
		if err := <-waiting(t, s, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		wantResult(t, s, 1, 1, 2)
	})
}
