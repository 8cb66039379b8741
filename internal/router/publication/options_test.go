package publication_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestUsersTenantsAndKeysOfOneNameHaveIdempotencyKeysOfTheirOwn(t *testing.T) {
	backend := publication.Receiver{AuthID: "erp", Backend: true}.By()
	if backend != publication.ByKey("erp") {
		t.Errorf("a key is %q over WAMP and %q over HTTP", backend, publication.ByKey("erp"))
	}
	all := map[publication.Publisher]bool{
		backend: true, publication.ByProgram: true,
		publication.Receiver{AuthID: "erp"}.By(): true, publication.Receiver{AuthID: "erp", Tenant: "acme"}.By(): true,
	}
	if len(all) != 4 {
		t.Errorf("some are the same: %v", all)
	}
}

func TestOptionsOfAPublicationThatIsKeptHaveLimits(t *testing.T) {
	long := strings.Repeat("x", publication.MaxKey+1)
	for key, refused := range map[string][]any{
		"_id": {"", long, "a\x00b", int64(1)}, "_key": {"", long, "a\x00b", true},
		"_delete": {"true", int64(1)}, "_version": {int64(0), int64(-1), int64(publication.MaxSeq) + 1, "1"},
	} {
		for _, value := range refused {
			_, err := publication.ParseKept(wamp.Dict{key: value})
			if err == nil || !strings.Contains(err.Error(), "PUBLISH.Options."+key+" must be ") {
				t.Errorf("%s: %v gives %v", key, value, err)
			}
		}
	}
	k, err := publication.ParseKept(wamp.Dict{"_id": long[1:], "_key": "row", "_delete": true, "_version": int64(publication.MaxSeq), "other": 1})
	if want := (publication.Kept{IdempotencyKey: long[1:], Key: "row", Delete: true, Version: publication.MaxSeq}); k != want || err != nil {
		t.Errorf("got %+v, %v", k, err)
	}
}

func TestWhatAProgramSaysOfAPublicationIsChecked(t *testing.T) {
	for _, k := range []publication.Kept{
		{IdempotencyKey: strings.Repeat("x", publication.MaxIdempotencyKey+1)},
		{IdempotencyKey: "\x00"},
		{Key: strings.Repeat("x", publication.MaxKey+1)},
		{Key: "\x00"},
		{Version: -1},
		{Version: publication.MaxSeq + 1},
	} {
		if got, err := k.By(publication.ByProgram); err == nil || got != (publication.Kept{}) {
			t.Errorf("%+v is accepted as %+v", k, got)
		}
	}
	if k, err := (publication.Kept{IdempotencyKey: "1", Key: "row"}).By("a"); k != (publication.Kept{IdempotencyKey: "a\x001", Key: "row"}) || err != nil {
		t.Errorf("got %+v, %v", k, err)
	}
}

func TestATopicTakesOnlyWhatItCanKeep(t *testing.T) {
	history, table := publication.Keep{Last: 3}, publication.Keep{Last: 3, PerKey: true}
	for _, test := range []struct {
		kept    publication.Kept
		keep    publication.Keep
		refused string
	}{
		{publication.Kept{Version: 1}, publication.Keep{}, "a version needs a topic that is kept"},
		{publication.Kept{Version: 1}, history, ""},
		{publication.Kept{Key: "row"}, history, "a key needs a topic that is a table"},
		{publication.Kept{Key: "row"}, table, ""},
		{publication.Kept{Delete: true}, table, "a deletion needs the key"},
		{publication.Kept{Key: "row", Delete: true}, table, ""},
	} {
		err := test.kept.Check("t", test.keep)
		if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%+v to %+v: %v", test.kept, test.keep, err)
		}
		if test.kept.Plain() {
			t.Errorf("%+v is plain", test.kept)
		}
	}
	if plain := (publication.Kept{IdempotencyKey: "1"}); !plain.Plain() || plain.Check("t", publication.Keep{}) != nil {
		t.Error("a topic that is not kept takes no idempotency key")
	}
}

func TestOnlyAnAcknowledgementAndWhatIsKeptLeaveReceiversAndEventsAsTheyAre(t *testing.T) {
	for _, test := range []struct {
		options wamp.Dict
		want    bool
	}{
		{wamp.Dict{}, false},
		{wamp.Dict{"acknowledge": false, "_id": "1"}, false},
		{wamp.Dict{"acknowledge": true}, true},
		{wamp.Dict{"acknowledge": true, "_id": "1", "_key": "row", "_delete": true, "_version": int64(1)}, true},
		{wamp.Dict{"acknowledge": true, "retain": true}, false},
		{wamp.Dict{"acknowledge": true, "exclude_me": false}, false},
	} {
		if got := publication.OnlyKept(test.options); got != test.want {
			t.Errorf("%v: %t", test.options, got)
		}
	}
}
