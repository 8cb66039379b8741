package content_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A user reports the same change 500 times a second, to 290 watchers that read each second.
func TestAUserWhoReportsChangesAllTheTimeDoesNotFloodTheWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t, content.Options{})
		watchers := make([]*routertest.Client, 290)
		for i := range watchers {
			watchers[i] = watch(t, r, fmt.Sprint("user", i), "", "order.42")
		}
		mallory := watch(t, r, "mallory", "")
		events := 0
		for range 10 {
			for range 500 {
				mallory.Publish(content.TopicChanged, nil, wamp.Dict{"tags": []any{"order.42"}})
				mallory.Publish(content.TopicChanged, []any{"nonsense"}, nil)
				time.Sleep(2 * time.Millisecond)
			}
			for _, w := range watchers {
				events += len(w.Events())
			}
		}
		if perWatcher := events / len(watchers); perWatcher < 300 || perWatcher > 600 {
			t.Errorf("each watcher got %d events of 5,000 changes in 10 seconds", perWatcher)
		}
		if s := c.Stats(); s.Changes > 600 || s.Refused > 800 || s.Limited < 8000 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestTagsAreCountedAndBackendsAreNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t, content.Options{Rate: 100})
		tags := make([]any, content.MaxTags)
		for i := range tags {
			tags[i] = fmt.Sprint("order.", i)
		}
		mallory := watch(t, r, "mallory", "")
		erp := routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})
		send := func(from *routertest.Client) uint64 {
			before := c.Stats().Changes
			for range 10 {
				from.Publish(content.TopicChanged, nil, wamp.Dict{"tags": tags})
			}
			return c.Stats().Changes - before
		}
		if n := send(mallory); n != 1 {
			t.Errorf("%d of ten changes of 1,000 tags were accepted", n)
		}
		time.Sleep(11 * time.Second)
		if n := send(mallory); n != 1 {
			t.Errorf("%d of ten changes were accepted after the rate allows 1,000 more tags", n)
		}
		if n := send(erp); n != 10 {
			t.Errorf("%d of ten changes of a backend were accepted", n)
		}
	})
}
