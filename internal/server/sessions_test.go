package server_test

import (
	"strconv"
	"testing"
)

func TestSessionsAndTopicsAreListedAndSessionsCanBeEnded(t *testing.T) {
	r := start(t, basic+`
topics:
  order.{id:int}: {subscribe: '"staff" in identity.roles'}
`)
	page := r.user("ann", "tab-1", "staff")
	subscribe(t, page, "order.42")
	var sessions struct {
		Sessions []struct {
			ID                                 uint64
			User, Name, Tab, Address, Encoding string
			Roles                              []string
		}
		Total int
	}
	r.api(allKey, "GET", "sessions?user=ann", nil).as(200, &sessions)
	if sessions.Total != 1 || len(sessions.Sessions) != 1 {
		t.Fatalf("%+v", sessions)
	}
	if s := sessions.Sessions[0]; s.ID != page.Session().ID || s.Tab != "tab-1" || s.Address != "127.0.0.1" || s.Encoding != "wamp.2.json" || s.Roles[0] != "staff" {
		t.Errorf("%+v", s)
	}
	var topics struct {
		Contracts     []struct{ Pattern, Kind, Source string }
		Subscriptions []struct {
			Topic       string
			Subscribers int
		}
	}
	r.api(allKey, "GET", "topics", nil).as(200, &topics)
	if s := topics.Subscriptions; len(s) != 1 || s[0].Topic != "order.42" || s[0].Subscribers != 1 {
		t.Errorf("%+v", s)
	}
	if c := topics.Contracts[0]; c.Pattern != "order.{id:int}" || c.Source != "test.yaml:9:3" {
		t.Errorf("%+v", c)
	}
	r.api(allKey, "DELETE", "sessions/"+strconv.FormatUint(page.Session().ID, 10), nil).as(204, nil)
	wait(t, page.Done(), "the session's end")
	r.api(allKey, "DELETE", "sessions/"+strconv.FormatUint(sessions.Sessions[0].ID, 10), nil).refused(404, "no session")
}
