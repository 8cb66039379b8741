package content_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func open(t testing.TB, options content.Options) (*content.Component, *router.Router) {
	t.Helper()
	r, realm := routertest.Realm()
	c := content.New(options)
	end, err := c.Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return c, r
}

func watch(t testing.TB, r *router.Router, user, tab string, tags ...string) *routertest.Client {
	t.Helper()
	c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person(user), Tab: tab})
	for _, tag := range tags {
		c.Subscribe(wamp.URI(content.TopicPrefix+tag), wamp.MatchExact)
	}
	return c
}

func changed(t testing.TB, c *content.Component, change content.Change) content.Result {
	t.Helper()
	result, err := c.Changed(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAPageThatWatchesATagGetsItsChangesAndNoOthers(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "order.42")
	ben := watch(t, r, "ben", "", "order.43", "customer.7")
	cem := watch(t, r, "cem", "")

	result := changed(t, c, content.Change{
		Tags: []string{"order.42", "customer.7", "order.42", "order.99"}, Author: &content.Author{ID: "dora", Name: "Dora"},
		Tab: "t-1", Version: "7", Fields: []string{"status", "total"},
	})
	if result.Notified != 2 || result.Change == "" {
		t.Errorf("the result is %+v", result)
	}
	want := func(tag string) []wamp.Dict {
		return []wamp.Dict{{
			"tag": tag, "change": result.Change, "author": wamp.Dict{"id": "dora", "name": "Dora"},
			"tab": "t-1", "version": "7", "fields": []any{"status", "total"},
		}}
	}
	withoutTime := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "at" })
	got := ann.Events()
	if diff := cmp.Diff(want("order.42"), got, withoutTime); diff != "" {
		t.Error(diff)
	}
	if at, err := time.Parse(time.RFC3339, got[0]["at"].(string)); err != nil || time.Since(at) > time.Minute {
		t.Errorf("at is %v: %v", got[0]["at"], err)
	}
	if diff := cmp.Diff(want("customer.7"), ben.Events(), withoutTime); diff != "" {
		t.Error(diff)
	}
	if heard := cem.Events(); len(heard) != 0 {
		t.Errorf("who watches nothing heard %+v", heard)
	}
}

func TestAbsentPartsAreNullAndFieldsAreAList(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "order.42")
	changed(t, c, content.Change{Tags: []string{"order.42"}})
	e := ann.Events()[0]
	delete(e, "at")
	delete(e, "change")
	want := wamp.Dict{"tag": "order.42", "author": nil, "tab": nil, "version": nil, "fields": []any{}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestThePageThatMadeTheChangeGetsNoEvent(t *testing.T) {
	c, r := open(t, content.Options{})
	editing := watch(t, r, "ann", "tab-1", "order.42")
	other := watch(t, r, "ann", "tab-2", "order.42")
	nameless := watch(t, r, "ann", "", "order.42")
	changed(t, c, content.Change{Tags: []string{"order.42"}, Tab: "tab-1", Author: &content.Author{ID: "ann"}})

	if heard := editing.Events(); len(heard) != 0 {
		t.Errorf("its own page heard %v", heard)
	}
	for name, page := range map[string]*routertest.Client{"other": other, "nameless": nameless} {
		if heard := page.Events(); len(heard) != 1 {
			t.Errorf("the %s page of the author heard %v", name, heard)
		}
	}
}

func TestAPageIsKnownByItsTabOverSessions(t *testing.T) {
	c, r := open(t, content.Options{})
	first := watch(t, r, "ann", "tab-1", "order.42")
	second := watch(t, r, "ann", "tab-1", "order.42") // reconnected; the first loss is not noticed yet
	changed(t, c, content.Change{Tags: []string{"order.42"}, Tab: "tab-1", Author: &content.Author{ID: "ann"}})
	first.Lose()
	changed(t, c, content.Change{Tags: []string{"order.42"}, Tab: "tab-1", Author: &content.Author{ID: "ann"}})
	if heard := second.Events(); len(heard) != 0 {
		t.Errorf("its own page heard %v", heard)
	}
	second.Lose()
	third := watch(t, r, "ben", "tab-2", "order.42")
	changed(t, c, content.Change{Tags: []string{"order.42"}, Tab: "tab-1", Author: &content.Author{ID: "ann"}})
	if heard := third.Events(); len(heard) != 1 {
		t.Errorf("another page heard %v", heard)
	}
}

func TestATagWithoutWatchersGetsNoEvent(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "order.42")
	before := r.Stats()
	tags := make([]string, content.MaxTags)
	for i := range tags {
		tags[i] = fmt.Sprintf("customer.%d", i)
	}
	if result := changed(t, c, content.Change{Tags: tags}); result.Notified != 0 {
		t.Errorf("the result is %+v", result)
	}
	after := r.Stats()
	if after.Publications != before.Publications || after.Encodings != before.Encodings {
		t.Errorf("%d publications, %d encodings", after.Publications-before.Publications, after.Encodings-before.Encodings)
	}
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("heard %v", heard)
	}
}

func TestAnAllowedPatternGetsTheChangesThatItCovers(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "")
	ann.Subscribe(content.TopicPrefix+"order.", wamp.MatchPrefix)
	if result := changed(t, c, content.Change{Tags: []string{"order.42", "customer.7"}}); result.Notified != 1 {
		t.Errorf("the result is %+v", result)
	}
	if heard := ann.Events(); len(heard) != 1 || heard[0]["tag"] != "order.42" {
		t.Errorf("heard %v", heard)
	}
}

func TestAMalformedChangeIsRefused(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "order.42")
	long := strings.Repeat("x", 300)
	for name, change := range map[string]content.Change{
		"no tags":         {},
		"too many tags":   {Tags: make([]string, content.MaxTags+1)},
		"an empty tag":    {Tags: []string{"order.42", ""}},
		"a tag of space":  {Tags: []string{"order.42", "order 42"}},
		"a tag of dots":   {Tags: []string{"order.42", "order..42"}},
		"a long tag":      {Tags: []string{"order.42", long}},
		"too many fields": {Tags: []string{"order.42"}, Fields: make([]string, content.MaxFields+1)},
		"a long field":    {Tags: []string{"order.42"}, Fields: []string{long}},
		"a long version":  {Tags: []string{"order.42"}, Version: long},
		"a long tab":      {Tags: []string{"order.42"}, Tab: long},
		"a nobody":        {Tags: []string{"order.42"}, Author: &content.Author{Name: "Ann"}},
		"a long author":   {Tags: []string{"order.42"}, Author: &content.Author{ID: long}},
		"a hidden name":   {Tags: []string{"order.42"}, Author: &content.Author{ID: "ann", Name: "A\x00"}},
	} {
		_, err := c.Changed(t.Context(), change)
		var failure *wamp.Failure
		if !errors.As(err, &failure) || failure.URI != wamp.ErrInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("a refused change was told: %v", heard)
	}
	if stats := c.Stats(); stats.Refused != 13 || stats.Changes != 0 {
		t.Errorf("counted %+v", stats)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Changed(ctx, content.Change{Tags: []string{"order.42"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller gave up: %v", err)
	}
}

func TestTagsMayHaveSlashes(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "oro/Order/42")
	changed(t, c, content.Change{Tags: []string{"oro/Order/42"}})
	if heard := ann.Events(); len(heard) != 1 {
		t.Errorf("heard %v", heard)
	}
}

func TestABackendMayPublishChanges(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "tab-1", "order.42")
	ben := watch(t, r, "ben", "", "order.42")
	erp := routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})
	change := wamp.Dict{
		"tags": []any{"order.42"}, "author": wamp.Dict{"id": "ann", "name": "Ann"}, "tab": "tab-1", "version": "8", "fields": []any{"total"},
	}
	erp.Publish(content.TopicChanged, nil, change)
	erp.Publish(content.TopicChanged, []any{change}, nil)
	heard := ben.Events()
	if len(heard) != 2 {
		t.Fatalf("heard %v", heard)
	}
	for _, e := range heard {
		if diff := cmp.Diff(wamp.Dict{"id": "ann", "name": "Ann"}, e["author"]); diff != "" || e["version"] != "8" {
			t.Errorf("heard %v", e)
		}
	}
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("the page that made the change heard %v", heard)
	}
	if stats := c.Stats(); stats.Changes != 2 || stats.Events != 2 {
		t.Errorf("counted %+v", stats)
	}
}

func TestAUserCannotPublishChangesOfAnotherUser(t *testing.T) {
	_, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "tab-1", "order.42")
	ben := watch(t, r, "ben", "tab-2", "order.42")
	ben.Publish(content.TopicChanged, nil, wamp.Dict{"tags": []any{"order.42"}, "author": wamp.Dict{"id": "ann", "name": "Ann"}, "tab": "tab-1"})
	heard := ann.Events()
	if len(heard) != 1 || heard[0]["tab"] != "tab-2" {
		t.Fatalf("heard %v", heard)
	}
	if diff := cmp.Diff(wamp.Dict{"id": "ben", "name": "Mx ben"}, heard[0]["author"]); diff != "" {
		t.Error(diff)
	}
	if heard := ben.Events(); len(heard) != 0 {
		t.Errorf("its own page heard %v", heard)
	}
}

// Events tell the tabs of their authors, so every watcher can send the tab of another user's page.
func TestAUserCannotKeepAChangeFromTheTabOfAnotherUser(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "tab-1", "order.42")
	mallory := watch(t, r, "mallory", "tab-1", "order.42")
	mallory.Publish(content.TopicChanged, nil, wamp.Dict{"tags": []any{"order.42"}})
	if heard := mallory.Events(); len(heard) != 0 {
		t.Errorf("its own page heard %v", heard)
	}
	changed(t, c, content.Change{Tags: []string{"order.42"}, Author: &content.Author{ID: "mallory"}, Tab: "tab-1"})
	changed(t, c, content.Change{Tags: []string{"order.42"}, Tab: "tab-1"}) // nothing says that the tab is the author's
	if heard := ann.Events(); len(heard) != 3 {
		t.Errorf("the page whose tab was named heard %d of 3 changes", len(heard))
	}
}

func TestAUserCannotKeepAChangeFromAUserOfAnotherTenant(t *testing.T) {
	_, r := open(t, content.Options{})
	join := func(tenant string) *routertest.Client {
		identity := *routertest.Person("ann")
		identity.Tenant = tenant
		page := routertest.Join(t, r, routertest.Page{Identity: &identity, Tab: "tab-1"})
		page.Subscribe(content.TopicPrefix+"order.42", wamp.MatchExact)
		return page
	}
	here, there := join("acme"), join("other")
	there.Publish(content.TopicChanged, nil, wamp.Dict{"tags": []any{"order.42"}})
	if heard := here.Events(); len(heard) != 1 {
		t.Errorf("heard %v", heard)
	}
	if heard := there.Events(); len(heard) != 0 {
		t.Errorf("its own page heard %v", heard)
	}
}

func TestAPublicationThatIsNoChangeIsLoggedAndIgnored(t *testing.T) {
	var log bytes.Buffer
	c, r := open(t, content.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ann := watch(t, r, "ann", "", "order.42")
	erp := routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})
	erp.Publish(content.TopicChanged, nil, nil)
	erp.Publish(content.TopicChanged, []any{"order.42"}, nil)
	erp.Publish(content.TopicChanged, nil, wamp.Dict{"tags": "order.42"})
	erp.Publish(content.TopicChanged, nil, wamp.Dict{"tag": []any{"order.42"}})
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("heard %v", heard)
	}
	if stats := c.Stats(); stats.Refused != 4 {
		t.Errorf("counted %+v", stats)
	}
	if lines := strings.Count(log.String(), "a change was refused"); lines != 4 || !strings.Contains(log.String(), "user=erp") {
		t.Errorf("the log is\n%s", log.String())
	}
}

func TestAfterCloseNoChangeIsPublished(t *testing.T) {
	r, realm := routertest.Realm()
	end, err := content.New(content.Options{}).Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	ann := watch(t, r, "ann", "", "order.42")
	erp := routertest.Join(t, r, routertest.Page{Identity: routertest.Backend("erp")})
	end()
	erp.Publish(content.TopicChanged, nil, wamp.Dict{"tags": []any{"order.42"}})
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("heard %v", heard)
	}
}

func TestBeforeOpenAChangeReachesNoPage(t *testing.T) {
	if result := changed(t, content.New(content.Options{}), content.Change{Tags: []string{"order.42"}}); result.Notified != 0 || result.Change == "" {
		t.Errorf("the result is %+v", result)
	}
}
