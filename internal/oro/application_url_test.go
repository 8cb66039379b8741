package oro_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/oro"
)

func TestTheAddressOfTheApplicationIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		var log bytes.Buffer
		begin := time.Now()
		var mu sync.Mutex // guards the answer
		url, err := "", errors.New("the database is away")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			oro.Follow(ctx, func(context.Context) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				return url, err
			}, slog.New(slog.NewTextHandler(&log, nil)), func(url string) {
				seen = append(seen, fmt.Sprint(time.Since(begin), " ", url))
			})
		}()
		after := func(pause time.Duration, change func()) {
			time.Sleep(pause)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			change()
		}
		after(time.Minute+time.Second, func() { url, err = "https://erp.example.com/", nil })
		after(2*time.Minute, func() { err = errors.New("it is away again") })
		after(5*time.Minute, func() { url, err = "https://new.example.com/", nil })
		after(time.Minute, func() { url = "" }) // the row is gone
		after(time.Minute, stop)
		<-done
		want := []string{"1m5s https://erp.example.com/", "8m5s https://new.example.com/", "9m5s http://localhost"}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("the addresses are %q, want %q", seen, want)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 4 || strings.Count(log.String(), "level=WARN") != 2 || strings.Count(log.String(), "answers again") != 2 {
			t.Errorf("the log has\n%s", log.String())
		}
	})
}

func TestAQuestionForTheAddressEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 11*time.Second)
		defer stop()
		asked := 0
		oro.Follow(ctx, func(ctx context.Context) (string, error) {
			asked++
			<-ctx.Done() // a database behind a firewall that drops packets
			return "", ctx.Err()
		}, slog.New(slog.DiscardHandler), func(url string) { t.Errorf("the address is %q", url) })
		if asked != 2 {
			t.Errorf("%d questions, want 2", asked)
		}
	})
}
