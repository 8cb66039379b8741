package publication_test

import (
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
	three, asked := publication.Keep{Last: 3}, publication.Keep{Last: 1, RetainOnly: true}
	for _, test := range []struct {
		policy    publication.Retention
		requested bool
		want      publication.Placement
	}{
		{publication.Retention{}, false, publication.Placement{}},
		{publication.Retention{}, true, publication.Placement{}},
		{publication.Retention{Asked: true, Contract: "a"}, true, publication.Placement{Keep: asked, Contract: "a"}},
		{publication.Retention{Asked: true, Contract: "a"}, false, publication.Placement{Contract: "a"}},
		{publication.Retention{Keep: three}, false, publication.Placement{Keep: three}},
		{publication.Retention{Asked: true, Keep: three}, true, publication.Placement{Keep: three}},
	} {
		if got := test.policy.Placement(test.requested); got != test.want {
			t.Errorf("%+v, requested: %t: %+v instead of %+v", test.policy, test.requested, got, test.want)
		}
	}
}
