//go:build !without_content && !without_maintenance && !without_presence

package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
)

const listened = basic + `
log: {refusals: 12, refusals_each: 5}
topics:
  news.{name}: {subscribe: "true", publish: backend}
  secret: {subscribe: "false", publish: "false"}
content:
  order.{id:int}: {watch: '"staff" in identity.roles'}
presence:
  order.{id:int}: {enter: '"staff" in identity.roles', see: "true"}
procedures:
  app.work: {call: backend}
`

type whoPage struct {
	Contract, Source, Undeclared string
	Total                        int
	Subscribers                  []struct {
		Session, Subscription      uint64
		User, Name, Address, Topic string
		Match                      string
		Since                      time.Time
	}
	Next *struct{ Session, Subscription uint64 }
}

// The router keeps the time of a subscription to the minute of its own clock.
func TestASubscriptionIsNotOlderThanItsSession(t *testing.T) {
	r := start(t, listened)
	subscribe(t, r.user("ann", ""), "news.a")
	var list struct {
		Sessions []struct {
			Joined time.Time
			Topics []struct{ Since time.Time }
		}
	}
	r.api(allKey, "GET", "sessions?topics=true", nil).as(200, &list)
	if len(list.Sessions) != 1 || len(list.Sessions[0].Topics) != 1 || list.Sessions[0].Topics[0].Since.Before(list.Sessions[0].Joined) {
		t.Errorf("%+v", list)
	}
}

func TestUndeclaredContentAndPresenceAreNamedAsPagesNameThem(t *testing.T) {
	r := start(t, listened)
	ann := r.user("ann", "")
	for topic, want := range map[string]string{
		"tidings.content.ordr.1":    "ordr.1 is not declared under content in the configuration; the nearest pattern is order.{id:int}",
		"tidings.presence.client.1": "client.1 is not declared under presence in the configuration: add a pattern for it there",
	} {
		_, err := ann.Subscribe(t.Context(), topic, func(*client.Event) {}, nil)
		refusedWith(t, err, "wamp.error.not_authorized", want)
	}
	_, err := ann.Call(t.Context(), "tidings.presence.enter", client.Kwargs(map[string]any{"record": "client.1", "mode": "view"}), nil)
	refusedWith(t, err, "wamp.error.not_authorized", "no enter rule under presence in the configuration allows it")
	if !strings.Contains(r.log.String(), "tidings.presence.enter.client.1\",\"error\":\"wamp.error.not_authorized: client.1 is not declared under presence") {
		t.Error("the log does not say why")
	}
}

func TestATopicsSubscribersAreListedByNameInPages(t *testing.T) {
	r := start(t, listened)
	const pages = 5
	for range pages {
		subscribe(t, r.user("ann", ""), "news.a")
	}
	ben := r.user("ben", "")
	subscribe(t, ben, "news.a")
	if _, err := ben.Subscribe(t.Context(), "news.", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchPrefix}); err != nil {
		t.Fatal(err)
	}
	subscribe(t, ben, "news.b")

	names, seen, query := map[string]int{}, map[string]bool{}, url.Values{"topic": {"news.a"}, "limit": {"2"}}
	for n := 0; ; n++ {
		var page whoPage
		r.api(allKey, "GET", "subscribers?"+query.Encode(), nil).as(200, &page)
		if page.Total != pages+2 || page.Contract != "topics: news.{name}" || !strings.HasPrefix(page.Source, "test.yaml:") || n > pages {
			t.Fatalf("page %d is %+v", n, page)
		}
		for _, s := range page.Subscribers {
			names[s.User+" "+s.Name+" "+s.Topic+" "+s.Match]++
			if key := fmt.Sprint(s.Session, s.Subscription); seen[key] || s.Address != "127.0.0.1" || time.Since(s.Since) > 2*time.Hour {
				t.Errorf("%+v is there twice, or wrong", s)
			} else {
				seen[key] = true
			}
		}
		if page.Next == nil {
			break
		}
		query.Set("after_session", fmt.Sprint(page.Next.Session))
		query.Set("after_subscription", fmt.Sprint(page.Next.Subscription))
	}
	if fmt.Sprint(names) != "map[ann The ann news.a exact:5 ben The ben news. prefix:1 ben The ben news.a exact:1]" {
		t.Errorf("listed are %v", names)
	}

	var only whoPage
	r.api(allKey, "GET", "subscribers?topic=news.a&user=ben", nil).as(200, &only)
	if only.Total != 2 || len(only.Subscribers) != 2 {
		t.Errorf("of ben are listed %+v", only)
	}
	r.api(allKey, "GET", "subscribers?topic=nws.a", nil).as(200, &only)
	if !strings.Contains(only.Undeclared, "nws.a is not declared") {
		t.Errorf("of an undeclared topic is said %+v", only)
	}
	r.api(allKey, "GET", "subscribers?topic=a+b", nil).refused(422, "has the character ' '")
	r.api("publisher-0123456789abcdef", "GET", "subscribers?topic=news.a", nil).refused(403, `lacks the scope "sessions"`)
}

func TestSessionsAreListedWithTheirTopicsAndEndedByUser(t *testing.T) {
	r := start(t, listened)
	ann, also, ben := r.user("ann", ""), r.user("ann", ""), r.user("ben", "")
	subscribe(t, ann, "news.a")
	subscribe(t, ann, "news.b")
	var list struct {
		Sessions []struct {
			Subscriptions int
			Topics        []struct{ Topic, Match string }
		}
	}
	r.api(allKey, "GET", "sessions?user=ann&topics=true", nil).as(200, &list)
	if len(list.Sessions) != 2 || fmt.Sprint(list.Sessions[0].Topics) != "[{news.a exact} {news.b exact}]" || list.Sessions[0].Subscriptions != 2 || list.Sessions[1].Subscriptions != 0 {
		t.Errorf("got %+v", list)
	}
	list.Sessions = nil
	if r.api(allKey, "GET", "sessions?user=ann", nil).as(200, &list); list.Sessions[0].Topics != nil || list.Sessions[0].Subscriptions != 2 {
		t.Errorf("without topics: %+v", list)
	}
	var ended struct{ Sessions int }
	r.api(allKey, "DELETE", "sessions?user=ann&message=bye", nil).as(200, &ended)
	if ended.Sessions != 2 {
		t.Errorf("%d sessions are ended", ended.Sessions)
	}
	for _, c := range []*client.Client{ann, also} {
		if wait(t, c.Done(), "the end of a session"); c.Err() == nil || !strings.Contains(c.Err().Error(), "bye") {
			t.Errorf("it ended with %v", c.Err())
		}
	}
	if ben.Session().ID == 0 {
		t.Error("the session of another user was ended")
	}
	r.api(allKey, "DELETE", "sessions", nil).refused(http.StatusUnprocessableEntity, "user")
}

// lines counts the lines of the log with all of the parts.
func (r *running) lines(parts ...string) (n int) {
	for line := range strings.Lines(r.log.String()) {
		has := true
		for _, part := range parts {
			has = has && strings.Contains(line, part)
		}
		if has {
			n++
		}
	}
	return n
}

func TestRefusalsAreInTheLogInTheWordsOfTheConfigurationAndBounded(t *testing.T) {
	r := start(t, listened)
	ann, ben := r.user("ann", ""), r.user("ben", "")
	refuse := func(c *client.Client) {
		if _, err := c.Subscribe(t.Context(), "secret", func(*client.Event) {}, nil); err == nil {
			t.Fatal("it is allowed")
		}
	}
	_, err := ann.Subscribe(t.Context(), "tidings.content.order.42", func(*client.Event) {}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "")
	_, err = ann.Call(t.Context(), "tidings.presence.enter", client.Kwargs(map[string]any{"record": "order.42", "mode": "view"}), nil)
	refusedWith(t, err, "wamp.error.not_authorized", "")
	_, err = ann.Call(t.Context(), "app.work", client.Payload{}, nil)
	refusedWith(t, err, "wamp.error.not_authorized", "")
	for _, place := range []string{`"content: order.{id:int}: watch"`, `"presence: order.{id:int}: enter"`, `"procedures: app.work: call"`} {
		if n := r.lines(`"level":"INFO","msg":"request refused"`, `"address":"127.0.0.1"`, `"user":"ann"`, `"place":`+place, `"position":"test.yaml:`); n != 1 {
			t.Errorf("%s is %d times in the log", place, n)
		}
	}
	for range 20 {
		refuse(ann)
		refuse(ben)
	}
	for _, user := range []string{"ann", "ben"} {
		if n := r.lines(`"level":"INFO","msg":"request refused"`, `"user":"`+user+`"`); n != 5 {
			t.Errorf("%d refusals of %s are logged at info, want 5", n, user)
		}
	}
	r.api("publisher-0123456789abcdef", "POST", "publish", map[string]any{"topic": "secret"}).refused(403, "")
	for range 3 {
		refuse(r.user("zoe", ""))
	}
	if n := r.lines(`"level":"INFO","msg":"request refused"`); n != 12 {
		t.Errorf("%d refusals are logged at info, want 12 of all clients", n)
	}
	if n := r.lines(`"level":"INFO","msg":"request refused"`, `"user":"publisher"`, `"address":"127.0.0.1"`, `"action":"publish"`); n != 1 {
		t.Errorf("the refusal over HTTP is %d times in the log", n)
	}
}

func TestSessionsAreFollowedInTheLog(t *testing.T) {
	r := start(t, listened)
	ann := r.user("ann", "")
	s, err := ann.Subscribe(t.Context(), "news.a", func(*client.Event) {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unsubscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann.Close()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{`"msg":"session joined"`, `"msg":"subscribed"`, `"msg":"unsubscribed"`, `"msg":"session left"`} {
		if n := r.lines(`"level":"DEBUG"`, message, `"user":"ann"`, `"address":"127.0.0.1"`); n != 1 {
			t.Errorf("%s is %d times in the log", message, n)
		}
	}
}

func TestAChangeNamesTagsWithoutAContract(t *testing.T) {
	r := start(t, listened)
	var answer struct{ Undeclared []string }
	r.api(allKey, "POST", "content/changed", map[string]any{"tags": []string{"order.1", "ordr.1", "order.x", "ordr.1"}}).as(200, &answer)
	if fmt.Sprint(answer.Undeclared) != "[ordr.1 order.x]" {
		t.Errorf("without a contract are %v", answer.Undeclared)
	}
	backend := r.join(client.Config{Auth: client.Key(allKey)})
	if _, err := backend.Publish(t.Context(), "tidings.changed", client.Kwargs(map[string]any{"tags": []string{"ordr.9"}}), nil); err != nil {
		t.Fatal(err)
	}
	if n := r.lines("WARN", "tags without a contract", `"first":"ordr.9"`); n != 1 {
		t.Errorf("the change over WAMP is %d times in the log", n)
	}
}
