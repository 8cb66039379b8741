package content_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keeping opens a component whose changes are kept for 15 minutes.
func keeping(t *testing.T) (*content.Component, *router.Router) {
	t.Helper()
	r := router.New(router.Options{
		Journal: func(wamp.URI) publication.Journal { return journal.New(journal.Options{}) },
		Retention: func(wamp.URI) publication.Retention {
			return publication.Retention{Keep: publication.Keep{Last: 20, For: 15 * time.Minute}}
		},
	})
	c := content.New(content.Options{})
	end, err := c.Open(t.Context(), r.AddRealm("app"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return c, r
}

// comeBack subscribes to the topic of a tag after a position, and returns the versions of the changes that are told, whether
// something is missing, and the position after them.
func comeBack(c *routertest.Client, tag string, since wamp.Dict) (versions []string, gap bool, now wamp.Dict) {
	options := wamp.Dict{"_positions": true}
	if since != nil {
		options["_since"] = since
	}
	c.Send(&wamp.Subscribe{Request: 1, Topic: wamp.URI(content.TopicPrefix + tag), Options: options})
	for _, message := range c.Received() {
		switch m := message.(type) {
		case *wamp.Subscribed:
			gap, _ = m.Details.Bool("_gap")
			now = wamp.Dict{"_epoch": m.Details["_epoch"], "_seq": m.Details["_seq"]}
		case *wamp.Event:
			var kwargs wamp.Dict
			if err := m.Payload.Decode(nil, &kwargs); err != nil {
				panic(err)
			}
			versions = append(versions, fmt.Sprint(kwargs["version"]))
			now = wamp.Dict{"_epoch": m.Details["_epoch"], "_seq": m.Details["_seq"]}
		}
	}
	return versions, gap, now
}

func TestAPageThatComesBackIsToldOfTheChangesOfOthersThatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := keeping(t)
		page := func(user, tab string) *routertest.Client {
			return routertest.Join(t, r, routertest.Page{Identity: routertest.Person(user), Tab: tab})
		}
		change := func(version, user, tab string, tags ...string) {
			changed(t, c, content.Change{Tags: tags, Version: version, Author: &content.Author{ID: user}, Tab: tab})
		}
		ann := page("ann", "t-1")
		_, _, _ = comeBack(ann, "order.42", nil)
		change("1", "ben", "t-2", "order.42", "order.43")
		ann.Event()
		_, _, position := comeBack(page("ann", "t-9"), "order.42", nil) // the same position
		ann.Lose()

		change("2", "ben", "t-2", "order.42")
		change("3", "ann", "t-1", "order.42") // her own, while she was not connected
		change("4", "ann", "t-3", "order.42") // of another of her pages
		change("5", "eve", "t-1", "order.42") // another user who names her tab
		change("6", "ben", "t-2", "order.43")
		versions, gap, position := comeBack(page("ann", "t-1"), "order.42", position)
		if !slices.Equal(versions, []string{"2", "4", "5"}) || gap {
			t.Errorf("the page that comes back is told of %v, gap: %t", versions, gap)
		}
		if versions, gap, _ := comeBack(page("ann", "t-1"), "order.42", position); versions != nil || gap {
			t.Errorf("when it comes back again, of %v, gap: %t", versions, gap)
		}
		change("7", "ben", "t-2", "order.42")
		time.Sleep(16 * time.Minute)
		change("8", "ben", "t-2", "order.42")
		if versions, gap, _ := comeBack(page("ann", "t-1"), "order.42", position); !gap || !slices.Equal(versions, []string{"8"}) {
			t.Errorf("after the time it is told of %v, gap: %t", versions, gap)
		}
		for n := range 21 {
			change(fmt.Sprint(n), "ben", "t-2", "order.44")
		}
		if versions, gap, _ := comeBack(page("ann", "t-1"), "order.44", wamp.Dict{"_epoch": position["_epoch"], "_seq": 1}); !gap || len(versions) != 20 {
			t.Errorf("of more than is kept it is told of %v, gap: %t", versions, gap)
		}
	})
}

func TestARetryWithTheSameKeyTellsNoPageTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := keeping(t)
		ann := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
		_, _, _ = comeBack(ann, "order.42", nil)
		change := content.Change{Tags: []string{"order.42", "order.43"}, Version: "1", IdempotencyKey: "a key"}
		for _, want := range []int{1, 0} {
			if told := changed(t, c, change); told.Notified != want {
				t.Errorf("told %d pages, not %d", told.Notified, want)
			}
		}
		if events := ann.Events(); len(events) != 1 {
			t.Errorf("heard %v", events)
		}
		change.IdempotencyKey = "another key"
		if told := changed(t, c, change); told.Notified != 1 {
			t.Errorf("told %d pages of another change", told.Notified)
		}
	})
}
