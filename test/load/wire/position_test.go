package wire_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

// answered returns the result of the last step of a subscriber's script for what a server sends.
func answered(t *testing.T, dialect wire.Keeper, c wire.Client, sent string) (consumed int, err error) {
	t.Helper()
	frame := append([]byte{0x81, 126, byte(len(sent) >> 8), byte(len(sent))}, sent...)
	return dialect.Subscribe(c)[0].Answered(frame)
}

func TestASubscriberReadsItsPosition(t *testing.T) {
	for name, test := range map[string]struct {
		dialect wire.Keeper
		sent    string
	}{
		"WAMP":       {wire.WAMP{Serialization: wire.JSON, Positions: true}, `[33,1,7,{"_epoch":"E","_live":true,"_seq":9}]`},
		"Centrifuge": {wire.CentrifugeJSON{}, `{"id":2,"subscribe":{"recoverable":true,"epoch":"E","positioned":true,"offset":9}}`},
	} {
		t.Run(name, func(t *testing.T) {
			var got wire.Position
			c := wire.Client{Topics: []string{"a"}, Told: func(p wire.Position) { got = p }}
			if _, err := answered(t, test.dialect, c, test.sent); err != nil {
				t.Fatal(err)
			}
			if want := (wire.Position{Epoch: "E", Seq: 9}); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestASubscriberThatDoesNotGetWhatItMissedFails(t *testing.T) {
	centrifuge := wire.Keeper(wire.CentrifugeJSON{})
	for name, test := range map[string]struct {
		dialect wire.Keeper
		sent    string
		want    string
	}{
		"a gap":            {wire.WAMP{Serialization: wire.JSON, Positions: true}, `[33,1,7,{"_epoch":"E","_seq":9,"_gap":true,"_oldest":10}]`, "no longer has"},
		"not recovered":    {centrifuge, `{"id":2,"subscribe":{"epoch":"E","publications":[{},{}],"offset":9}}`, "recovered is false"},
		"one less":         {centrifuge, `{"id":2,"subscribe":{"epoch":"E","publications":[{}],"recovered":true}}`, "1 of 2"},
		"another position": {centrifuge, `{"id":2,"error":{"code":112,"message":"unrecoverable position"}}`, "instead"},
	} {
		t.Run(name, func(t *testing.T) {
			c := wire.Client{Topics: []string{"a"}, Since: &wire.Position{Epoch: "E", Seq: 7}, Missed: 2}
			if _, err := answered(t, test.dialect, c, test.sent); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
