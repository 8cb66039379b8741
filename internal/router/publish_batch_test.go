package router_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// batchTest is a publisher whose messages arrive in one read, and a subscriber.
type batchTest struct {
	t          *testing.T
	router     *router.Router
	publisher  *member
	subscriber *router.Client
}

func newBatchTest(t *testing.T, options router.Options) *batchTest {
	h := &batchTest{t: t, router: router.New(options)}
	h.router.AddRealm("app")
	h.subscriber = h.router.Attach(router.Attachment{Format: jsonFormat})
	join(t, h.subscriber, wamp.V2JSON)
	h.publisher = enter(t, h.router, wamp.V2JSON)
	h.say(h.publication("order.42", 0)) // the permission is cached from here on
	h.say(h.publication("order.7", 0))
	h.subscriber.Outbox().Take(nil, 1<<20)
	return h
}

func (h *batchTest) publication(topic wamp.URI, number int) *wamp.Publish {
	return &wamp.Publish{Request: h.publisher.next.Next(), Topic: topic, Payload: args(h.t, number)}
}

func (h *batchTest) say(messages ...wamp.Message) {
	h.t.Helper()
	for _, message := range messages {
		if err := h.publisher.client.ReceiveBatched(h.t.Context(), encode(h.t, wamp.V2JSON, message)); err != nil {
			h.t.Fatal(err)
		}
	}
	h.publisher.client.Flush()
}

// expect checks the numbers in a client's events, in order, and the number of pieces of bytes.
func (h *batchTest) expect(c *router.Client, pieces int, numbers ...int) {
	h.t.Helper()
	taken := c.Outbox().Take(nil, 1<<20)
	var got []int
	for _, piece := range taken.Pieces {
		for len(piece) > 0 {
			size := 4 + int(binary.BigEndian.Uint16(piece[2:]))
			message, err := wamp.V2JSON.Decode(piece[4:size])
			if err != nil {
				h.t.Fatal(err)
			}
			if event, ok := message.(*wamp.Event); ok {
				got = append(got, ints(h.t, event.Payload)[0])
			}
			piece = piece[size:]
		}
	}
	if !slices.Equal(got, numbers) || len(taken.Pieces) != pieces || taken.Frames != len(numbers) {
		h.t.Errorf("got %v in %d pieces of %d frames, want %v in %d", got, len(taken.Pieces), taken.Frames, numbers, pieces)
	}
}

func TestAPublishBatchIsDeliveredInOnePiece(t *testing.T) {
	h := newBatchTest(t, router.Options{})
	before := h.router.Stats()
	h.say(h.publication("order.42", 1), h.publication("order.42", 2), h.publication("order.42", 3))
	h.expect(h.subscriber, 1, 1, 2, 3)
	after := h.router.Stats()
	if n := after.Publications - before.Publications; n != 3 {
		t.Errorf("counted %d publications", n)
	}
	if n := after.Events - before.Events; n != 3 {
		t.Errorf("counted %d events", n)
	}
	if n := after.Encodings - before.Encodings; n != 3 {
		t.Errorf("counted %d encodings", n)
	}
}

func TestLaterMessagesDoNotOvertakeAPublishBatch(t *testing.T) {
	h := newBatchTest(t, router.Options{})
	acknowledged := h.publication("order.42", 3)
	acknowledged.Options = wamp.Dict{"acknowledge": true}
	subscribe := &wamp.Subscribe{Request: h.publisher.next.Next(), Topic: "order.7"}
	h.say(h.publication("order.42", 1), h.publication("order.7", 9), h.publication("order.42", 2), acknowledged,
		h.publication("order.42", 4), subscribe, h.publication("order.42", 5))
	h.expect(h.subscriber, 5, 1, 2, 3, 4, 5)
}

func TestAPublishBatchOfSeveralTopicsKeepsTheirOrder(t *testing.T) {
	h := newBatchTest(t, router.Options{})
	also := &wamp.Subscribe{Request: 2, Topic: "order.", Options: wamp.Dict{"match": "prefix"}}
	if err := h.subscriber.Receive(t.Context(), encode(t, wamp.V2JSON, also)); err != nil {
		t.Fatal(err)
	}
	h.subscriber.Outbox().Take(nil, 1<<20)
	before := h.router.Stats()
	h.say(h.publication("order.42", 1), h.publication("order.7", 2), h.publication("order.7", 3), h.publication("order.42", 4))
	h.expect(h.subscriber, 5, 1, 1, 2, 3, 4, 4) // order.42 matches both subscriptions
	after := h.router.Stats()
	if publications, events := after.Publications-before.Publications, after.Events-before.Events; publications != 4 || events != 6 {
		t.Errorf("counted %d publications and %d events", publications, events)
	}
}

func TestAPublishBatchIsLimited(t *testing.T) {
	h := newBatchTest(t, router.Options{})
	var messages []wamp.Message
	var numbers []int
	for n := range 150 {
		messages = append(messages, h.publication("order.42", n))
		numbers = append(numbers, n)
	}
	h.say(messages...)
	h.expect(h.subscriber, 3, numbers...)
}

func TestAPublishBatchIsDeliveredWhenItsPublisherLeaves(t *testing.T) {
	h := newBatchTest(t, router.Options{})
	if err := h.publisher.client.ReceiveBatched(t.Context(), encode(t, wamp.V2JSON, h.publication("order.42", 1))); err != nil {
		t.Fatal(err)
	}
	h.publisher.client.Detach(outbox.CloseLost)
	h.expect(h.subscriber, 1, 1)
}

func TestAPublishBatchDoesNotExceedTheLimitOfAnOutbox(t *testing.T) {
	h := newBatchTest(t, router.Options{Limits: meter.Limits{OutboxFrames: 4}})
	h.say(h.publication("order.42", 1), h.publication("order.42", 2))
	h.say(h.publication("order.42", 3), h.publication("order.42", 4), h.publication("order.42", 5))
	taken := h.subscriber.Outbox().Take(nil, 1<<20)
	if taken.Closed == nil || taken.Closed.Reason != outbox.CloseSlow {
		t.Errorf("the subscriber's conversation ended as %+v", taken.Closed)
	}
}
