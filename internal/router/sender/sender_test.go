package sender_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// short takes messages of up to so many bytes.
type short int

// Frame implements [outbox.Framing].
func (s short) Frame(dst, message []byte) ([]byte, bool) {
	if len(message) > int(s) {
		return dst, false
	}
	return append(dst, message...), true
}

// open returns a sender to a client that takes short messages and has room for few. Its session is open.
func open(t *testing.T, most, frames int) (*sender.Sender, *meter.Counters) {
	t.Helper()
	shared := &sender.Shared{Counters: new(meter.Counters), Log: slog.New(slog.DiscardHandler)}
	shared.Outboxes.Limit(frames, 1<<20)
	s := new(sender.Sender)
	s.Init(shared, outbox.Format{Encoding: wamp.V2JSON, Framing: short(most)}, wamp.NewConversation(wamp.V2JSON), nil)
	if _, err := s.Decode([]byte(`[1,"app",{"roles":{"caller":{}}}]`)); err != nil {
		t.Fatal(err)
	}
	s.Send(&wamp.Welcome{Session: 1})
	if got := sent(s); got != `[2,1,{}]` {
		t.Fatalf("the session is not open: %q, closed: %v", got, s.Outbox.Closed())
	}
	return s, shared.Counters
}

// sent returns what a transport would write.
func sent(s *sender.Sender) string {
	var all []string
	for _, frame := range s.Outbox.Take(nil, 1<<20).Pieces {
		all = append(all, string(frame))
	}
	return strings.Join(all, " ")
}

var long = wamp.Payload{Args: []byte(`["a text that is longer than the client takes"]`)}

func TestAMessageThatIsTooLongFailsByItsKind(t *testing.T) {
	for _, test := range []struct {
		message wamp.Message
		want    string
		closed  bool
	}{
		{&wamp.Event{Subscription: 1, Publication: 2, Payload: long}, ``, false},
		{&wamp.Error{RequestType: wamp.CodeCall, Request: 3, Error: "a", Payload: long}, `[8,48,3,{},"wamp.error.payload_size_exceeded"]`, false},
		{&wamp.Published{Request: 3, Publication: 1 << 50}, `[17,3,1125899906842624]`, false},
		{&wamp.Goodbye{Reason: wamp.URI(strings.Repeat("a", 50))}, ``, true},
	} {
		s, counters := open(t, 50, 10)
		s.Send(test.message)
		closed := s.Outbox.Closed()
		if got := sent(s); got != test.want || (closed != nil) != test.closed || closed != nil && closed.Reason != outbox.CloseTooBig {
			t.Errorf("%s becomes %q, closed: %v", test.message.Code(), got, closed)
		}
		_, isEvent := test.message.(*wamp.Event)
		if got := counters.Unsendable.Load(); got != 0 != isEvent {
			t.Errorf("%s: %d events were counted as too long", test.message.Code(), got)
		}
		if got := counters.Closes[outbox.CloseTooBig].Load(); got != 0 != test.closed {
			t.Errorf("%s: %d clients were counted as closed", test.message.Code(), got)
		}
	}
}

func TestAnAnswerWithoutRoomIsAShortErrorAndClosesNothing(t *testing.T) {
	s, counters := open(t, 200, 1)
	for request := wamp.ID(1); request <= 2; request++ {
		s.SendAnswer(&wamp.Result{Request: request}, request)
	}
	const want = `[50,1,{}] [8,48,2,{},"tidings.error.limit_exceeded",["the answer has no room: more waits for this client than it reads"]]`
	if got := sent(s); got != want || s.Outbox.Closed() != nil || counters.Unqueued.Load() != 1 {
		t.Errorf("sent %s, closed: %v, %d not queued", got, s.Outbox.Closed(), counters.Unqueued.Load())
	}
}

func TestNothingFollowsTheLastMessage(t *testing.T) {
	s, counters := open(t, 200, 10)
	s.SendLast(sender.Goodbye(wamp.CloseKilled, "why"), outbox.CloseInfo{Reason: outbox.CloseKilled})
	s.SendLast(sender.Abort(wamp.Violation("later")), outbox.CloseInfo{Reason: outbox.CloseProtocolViolation})
	s.Send(&wamp.Published{})
	if got := s.SendCall(&wamp.Result{}, outbox.AnySource); got != outbox.Closed || !s.Ended() {
		t.Errorf("a message of a call was put: %d", got)
	}
	if got := sent(s); got != `[6,{"message":"why"},"wamp.close.killed"]` || s.Outbox.Closed().Reason != outbox.CloseKilled {
		t.Errorf("sent %s, closed: %v", got, s.Outbox.Closed())
	}
	if counters.Closes[outbox.CloseKilled].Load() != 1 || counters.Closes[outbox.CloseProtocolViolation].Load() != 0 {
		t.Error("the close was counted for another reason, or twice")
	}
	if !s.Detach() || s.Detach() {
		t.Error("only the first Detach is the first")
	}
}
