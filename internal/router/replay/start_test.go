package replay_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/replay"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestOptionsOfASubscribeSayWhereItBegins(t *testing.T) {
	since := func(epoch, seq any) wamp.Dict { return wamp.Dict{"_epoch": epoch, "_seq": seq} }
	for _, test := range []struct {
		options wamp.Dict
		want    replay.Start
		refused string
	}{
		{wamp.Dict{}, replay.Start{}, ""},
		{wamp.Dict{"_since": nil, "_last": nil, "_positions": nil}, replay.Start{}, ""},
		{wamp.Dict{"_positions": true}, replay.Start{Positions: true}, ""},
		{wamp.Dict{"_positions": 1}, replay.Start{}, "_positions must be a boolean"},
		{wamp.Dict{"get_retained": true}, replay.Start{Retained: true}, ""},
		{wamp.Dict{"get_retained": true, "_last": int64(3)}, replay.Start{Positions: true, Last: 3}, ""},
		{wamp.Dict{"_last": int64(0)}, replay.Start{}, "_last must be a number from 1 to 1000000"},
		{wamp.Dict{"_last": int64(1_000_001)}, replay.Start{}, "_last must be a number from 1 to 1000000"},
		{wamp.Dict{"_since": since("e", int64(0))}, replay.Start{Positions: true, After: publication.Position{Epoch: "e"}}, ""},
		{wamp.Dict{"_since": since("e", int64(1)<<53)}, replay.Start{}, "_since must be a dict"},
		{wamp.Dict{"_since": since("e", int64(-1))}, replay.Start{}, "_since must be a dict"},
		{wamp.Dict{"_since": since("", int64(1))}, replay.Start{}, "_since must be a dict"},
		{wamp.Dict{"_since": int64(7)}, replay.Start{}, "_since must be a dict"},
		{wamp.Dict{"_since": since("e", int64(1)), "_last": int64(1)}, replay.Start{}, "both _since and _last"},
	} {
		got, err := replay.ParseStart(test.options)
		if got != test.want || (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%v: %+v, %v", test.options, got, err)
		}
	}
}
