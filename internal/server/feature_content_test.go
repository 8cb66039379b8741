//go:build !without_content

package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/client"
)

const watched = basic + `
content:
  order.{id:int}: {watch: '"staff" in identity.roles'}
`

type change struct {
	Tag     string
	Change  string
	Author  *struct{ ID, Name string }
	Tab     string
	Version string
	Fields  []string
}

func TestAChangeOfContentReachesItsWatchersButNotTheTabThatMadeIt(t *testing.T) {
	r := start(t, watched)
	own := subscribe(t, r.user("ann", "tab-1", "staff"), "tidings.content.order.42")
	other := subscribe(t, r.user("ann", "tab-2", "staff"), "tidings.content.order.42")
	ben := subscribe(t, r.user("ben", "tab-3", "staff"), "tidings.content.order.42")
	elsewhere := subscribe(t, r.user("cid", "tab-4", "staff"), "tidings.content.order.43")

	tell := func(tags ...string) (notified int) {
		var answer struct{ Notified int }
		r.api(allKey, "POST", "content/changed", map[string]any{
			"tags": tags, "author": map[string]any{"id": "ann", "name": "Ann"}, "tab": "tab-1", "version": "7", "fields": []string{"status"},
		}).as(200, &answer)
		return answer.Notified
	}
	if n := tell("order.42", "order.7"); n != 2 {
		t.Errorf("%d were told", n)
	}
	for _, page := range []*inbox{other, ben} {
		var got change
		page.decode(&got)
		want := change{Tag: "order.42", Change: got.Change, Author: &struct{ ID, Name string }{"ann", "Ann"}, Tab: "tab-1", Version: "7", Fields: []string{"status"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if n := tell("order.43"); n != 1 {
		t.Errorf("%d were told", n)
	}
	wait(t, elsewhere.events, "the change of order 43")
	elsewhere.none()
	own.none()

	_, err := r.user("eve", "").Subscribe(t.Context(), "tidings.content.order.42", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "order.42")
}

func TestABackendMayPublishAChange(t *testing.T) {
	r := start(t, watched)
	page := subscribe(t, r.user("ann", "", "staff"), "tidings.content.order.42")
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	if _, err := backend.Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []any{"order.42"}}), nil); err != nil {
		t.Fatal(err)
	}
	var got change
	if page.decode(&got); got.Tag != "order.42" {
		t.Errorf("%+v", got)
	}
	_, err := r.user("ben", "", "staff").Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []any{"order.42"}}), nil)
	refusedWith(t, err, "wamp.error.not_authorized", "tidings.changed")
}

func TestATagWithoutAContractHasNoWatchersNotEvenByAPattern(t *testing.T) {
	for _, more := range []string{"undeclared: allow\n", `content: {"order.{id:int}": {watch: "true"}}` + "\n"} {
		r := start(t, basic+more)
		ann := r.user("ann", "")
		for _, pattern := range []struct {
			topic string
			match client.Match
		}{
			{"tidings.content.", client.MatchPrefix}, {"..salary.", client.MatchWildcard},
		} {
			// Whether it may subscribe is not the question here.
			_, err := ann.Subscribe(t.Context(), pattern.topic, func(e *client.Event) {
				t.Errorf("%s heard of %s", pattern.topic, e.Topic)
			}, &client.SubscribeOptions{Match: pattern.match})
			t.Logf("%s: %v", pattern.topic, err)
		}
		var answer struct{ Notified int }
		r.api(allKey, "POST", "content/changed", map[string]any{"tags": []string{"salary.7"}}).as(200, &answer)
		if answer.Notified != 0 {
			t.Errorf("with %q %d were told", more, answer.Notified)
		}
	}
}

func TestAContractOfContentIsListedWithItsPlace(t *testing.T) {
	r := start(t, watched)
	var topics struct {
		Contracts []struct{ Pattern, Source string }
	}
	r.api(allKey, "GET", "topics", nil).as(200, &topics)
	if c := topics.Contracts[0]; c.Pattern != "tidings.content.order.{id:int}" || c.Source != "test.yaml:9:3" {
		t.Errorf("%+v", c)
	}
}

func TestMistakesOfContentAreFoundWhereTheyStand(t *testing.T) {
	file := write(t, t.TempDir(), "tidings.yaml", `content:
  page.{id:int}: {watch: 'params.idd == "1"'}
content_publish: backnd
`)
	expectPrefixes(t, mistakes(t, file), []string{`tidings.yaml:2:34: `, `tidings.yaml:3:18: `})
}

func TestAKeyNeedsTheScopeContentToPublishAChange(t *testing.T) {
	r := start(t, basic)
	publisher := r.join(client.Config{Auth: client.Key("publisher-0123456789abcdef")})
	_, err := publisher.Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []any{"a"}}), nil)
	refusedWith(t, err, "wamp.error.not_authorized", `lacks the scope "content"`)
}

func TestChangesOfContentAreCounted(t *testing.T) {
	r := start(t, watched)
	subscribe(t, r.user("ann", "", "staff"), "tidings.content.order.42")
	r.api(allKey, "POST", "content/changed", map[string]any{"tags": []string{"order.42"}}).as(200, nil)
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	for _, want := range []string{"\ntidings_content_changes_total 1\n", "\ntidings_content_events_total 1\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %q", want)
		}
	}
}
