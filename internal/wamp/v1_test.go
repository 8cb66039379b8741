package wamp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

func joinedV1(t *testing.T) *wamp.Conversation {
	t.Helper()
	s := wamp.NewConversation(wamp.V1JSON)
	if s.Open() == nil || s.Open() != nil {
		t.Fatal("only the first Open returns the HELLO")
	}
	if _, err := s.Append(nil, &wamp.Welcome{Session: 1}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheStateOfAVersion1ClientIsLimited(t *testing.T) {
	for name, frame := range map[string]func(i int) string{
		"prefixes": func(i int) string { return fmt.Sprintf(`[1,"p%d","u"]`, i) },
		"calls":    func(i int) string { return fmt.Sprintf(`[2,%d,"p"]`, i) },
	} {
		s := joinedV1(t)
		var err error
		n := 0
		for ; err == nil && n < 10_000; n++ {
			_, err = s.Receive([]byte(frame(n)))
		}
		if err == nil || !strings.HasPrefix(failure(err), string(wamp.ErrLimitExceeded)) {
			t.Errorf("%s: after %d: %v", name, n, err)
		}
	}
	for _, frame := range []string{
		`[1,"` + strings.Repeat("p", 65) + `","u"]`,
		`[1,"p","` + strings.Repeat("u", wamp.MaxURIBytes+1) + `"]`,
	} {
		if _, err := joinedV1(t).Receive([]byte(frame)); err == nil {
			t.Errorf("%d bytes of prefix or URI", len(frame))
		}
	}
}

func TestAnsweredCallsDoNotCountTowardsTheLimit(t *testing.T) {
	s := joinedV1(t)
	for i := range 5_000 {
		m, err := s.Receive(fmt.Appendf(nil, `[2,"c%d","p"]`, i))
		if err != nil {
			t.Fatal(err)
		}
		mustSend(t, s, answer(m))
	}
}

func TestAnEventHasTheSameBytesForEveryVersion1Client(t *testing.T) {
	p, err := wamp.NewPayload([]any{"x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	event := &wamp.Event{Subscription: 1, Publication: 2, Topic: "com.example", Payload: p}
	shared, err := wamp.V1JSON.Append(nil, event)
	if err != nil {
		t.Fatal(err)
	}
	own, err := joinedV1(t).Append(nil, event)
	if err != nil || string(own) != string(shared) {
		t.Errorf("%s, %s, %v", own, shared, err)
	}
}
