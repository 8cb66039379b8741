package router_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// cborTag is a payload that only CBOR can express: a tag without a form in other serializations.
func cborTag() wamp.Payload {
	return wamp.Payload{Serialization: wamp.CBOR, Args: []byte{0x81, 0xd9, 0x03, 0xe8, 0x01}}
}

// What the serialization of a client cannot express is left out of what it has missed. The client is live all the same.
func TestAClientIsLiveBehindEventsThatItsSerializationCannotExpress(t *testing.T) {
	good := func(n int) wamp.Payload { return args(t, n) }
	for name, test := range map[string]struct {
		kept []wamp.Payload
		want []string // number, whether the event is the last one of those that were missed
		live bool     // SUBSCRIBED says that nothing was missed
	}{
		"the last one":      {[]wamp.Payload{good(1), good(2), cborTag()}, []string{"1 false", "2 true"}, false},
		"the last two":      {[]wamp.Payload{good(1), cborTag(), cborTag()}, []string{"1 true"}, false},
		"one in the middle": {[]wamp.Payload{good(1), cborTag(), good(3)}, []string{"1 false", "3 true"}, false},
		"all":               {[]wamp.Payload{cborTag(), cborTag()}, nil, true},
	} {
		for _, encoding := range []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack} {
			t.Run(fmt.Sprint(name, " in ", encoding), func(t *testing.T) {
				r := router.New(router.Options{Journal: inMemory, Retention: keepHistory})
				realm := r.AddRealm("app")
				for _, payload := range test.kept {
					if _, err := realm.Publish(router.Publication{Topic: "t", Payload: payload}); err != nil {
						t.Fatal(err)
					}
				}
				f := &follower{router: r, encoding: encoding, topic: "t", match: "exact"}
				f.connect(t)
				f.listen()
				var got []string
				var live bool
				for _, message := range f.heard {
					switch m := message.(type) {
					case *wamp.Subscribed:
						live, _ = m.Details.Bool("_live")
					case *wamp.Event:
						last, _ := m.Details.Bool("_live")
						got = append(got, fmt.Sprint(ints(t, m.Payload)[0], last))
					}
				}
				if !slices.Equal(got, test.want) || live != test.live {
					t.Errorf("the events are %v, want %v; SUBSCRIBED says live: %t, want %t", got, test.want, live, test.live)
				}
				f.client.Detach(outbox.CloseLost)
				if stats := r.Stats(); stats.Unsendable == 0 {
					t.Error("what was left out is not counted")
				}
			})
		}
	}
}
