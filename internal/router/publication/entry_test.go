package publication_test

import (
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestTheEventOfAPatternNamesTheTopicAndSharesNothingThatAReaderMayChange(t *testing.T) {
	e := &publication.Entry{Topic: "order.1.changed", Publication: 7, Details: wamp.Dict{"publisher": int64(5)}}
	exact := e.Event(wamp.Subscription{ID: 1, Topic: "order.1.changed"})
	prefix := e.Event(wamp.Subscription{ID: 2, Topic: "order.", Match: wamp.MatchPrefix})
	if exact.Subscription != 1 || exact.Publication != 7 || len(exact.Details) != 1 {
		t.Errorf("the exact subscription gets %+v", exact)
	}
	if topic, _ := prefix.Details.String("topic"); topic != "order.1.changed" || prefix.Subscription != 2 {
		t.Errorf("the prefix gets %+v", prefix)
	}
	prefix.Details["retained"] = true
	if len(e.Details) != 1 {
		t.Errorf("the entry has %v", e.Details)
	}
}

func TestThePublisherIsLeftOutOfWhatItPublished(t *testing.T) {
	e := &publication.Entry{Publisher: 5, Filter: publication.Filter{ExcludeAuthID: []string{"ben"}}}
	ann, ben := publication.Receiver{Session: 5, AuthID: "ann"}, publication.Receiver{Session: 6, AuthID: "ben"}
	if e.IsFor(ann) || !e.Admits(ann) || e.IsFor(ben) || e.Admits(ben) || !e.IsFor(publication.Receiver{Session: 7}) {
		t.Error("the publisher, an excluded user or another session is treated as it must not be")
	}
}

func TestTheSizeOfAnEntryCountsTextsListsAndPayload(t *testing.T) {
	empty := (&publication.Entry{}).Size()
	full := (&publication.Entry{
		Topic:   "abc",
		Payload: wamp.Payload{Args: []byte("[1]"), Kwargs: []byte("{}")},
		Filter:  publication.Filter{Exclude: []wamp.ID{1, 2}, EligibleAuthID: []string{"ann"}},
	}).Size()
	if got := full - empty; got != 3+3+2+2*8+3+16 {
		t.Errorf("%d bytes", got)
	}
}

func TestWhatIsPlacedWhere(t *testing.T) {
	toAll, toSome := &publication.Filter{EligibleAuthID: []string{"ann"}}, &publication.Filter{Exclude: []wamp.ID{1}}
	for _, test := range []struct {
		policy    publication.Retention
		filter    *publication.Filter
		requested bool
		want      publication.Placement
	}{
		{publication.Retention{}, toAll, false, publication.Placement{}},
		{publication.Retention{}, toAll, true, publication.Placement{}},
		{publication.Retention{Retain: publication.RetainOnRequest, Contract: "a"}, toAll, true, publication.Placement{Retain: true, Contract: "a"}},
		{publication.Retention{Retain: publication.RetainOnRequest, History: 3}, toAll, false, publication.Placement{History: 3}},
		{publication.Retention{Retain: publication.RetainNever, History: 3}, toAll, true, publication.Placement{History: 3}},
		{publication.Retention{Retain: publication.RetainAlways, History: 3}, toAll, false, publication.Placement{Retain: true, History: 3}},
		{publication.Retention{Retain: publication.RetainAlways, History: 3}, toSome, false, publication.Placement{Retain: true}},
	} {
		if got := test.policy.Placement(test.filter, test.requested); got != test.want {
			t.Errorf("%+v, requested: %t, %+v: %+v instead of %+v", test.policy, test.requested, *test.filter, got, test.want)
		}
	}
}

func entries(ids ...wamp.ID) (all []*publication.Entry) {
	for _, id := range ids {
		all = append(all, &publication.Entry{Publication: id, Payload: wamp.Payload{Args: []byte("[10]")}})
	}
	return all
}

func idsOf(all []*publication.Entry) (ids []wamp.ID) {
	for _, e := range all {
		ids = append(ids, e.Publication)
	}
	return ids
}

func TestAReplayHasEachPublicationOnceInItsLastPlace(t *testing.T) {
	var backlog publication.Backlog
	if !backlog.Add(entries(3, 4), 10, 1000) || !backlog.Add(entries(5), 10, 1000) {
		t.Fatal("the backlog is full")
	}
	got := backlog.Replay(entries(1, 3, 2, 5))
	if !slices.Equal(idsOf(got.Retained), []wamp.ID{1, 2}) || !slices.Equal(idsOf(got.Queued), []wamp.ID{3, 4, 5}) {
		t.Errorf("retained %v, queued %v", idsOf(got.Retained), idsOf(got.Queued))
	}
}

func TestABacklogOverALimitIsForgotten(t *testing.T) {
	for name, limits := range map[string][2]int{"entries": {2, 1000}, "bytes": {1000, 11}} {
		var backlog publication.Backlog
		if !backlog.Add(entries(1, 2), limits[0], limits[1]) || backlog.Add(entries(3), limits[0], limits[1]) {
			t.Errorf("%s: the first two are refused, or the third is not", name)
		}
		if got := backlog.Replay(nil); len(got.Queued) != 0 {
			t.Errorf("%s: %v are queued", name, idsOf(got.Queued))
		}
	}
}
