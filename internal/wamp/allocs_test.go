package wamp_test

import (
	"testing"
	"unsafe"

	"github.com/tidings-io/tidings/internal/wamp"
)

// What the messages of every day may allocate: a message that is read itself, its URI and its
// payload; a frame that is written once.
func TestTheMessagesOfEveryDayAllocateLittle(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates, too")
	}
	for _, e := range encodings {
		for _, hot := range hotMessages {
			m, frame := hotMessage(t, e, hot.frame)
			if hot.decode > 0 {
				got := testing.AllocsPerRun(100, func() { _, _ = e.Decode(frame) })
				within(t, e, "decode "+hot.name, got, hot.decode)
			}
			if hot.append > 0 {
				got := testing.AllocsPerRun(100, func() { _, _ = e.Append(nil, m) })
				within(t, e, "append "+hot.name, got, hot.append)
			}
		}
	}
}

func within(t *testing.T, e wamp.Encoding, what string, got, most float64) {
	t.Helper()
	if got > most {
		t.Errorf("%s: %s allocates %v times, more than %v", e.Subprotocol(), what, got, most)
	}
}

// Each of very many connections keeps a session.
func TestASessionAtRestIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(wamp.Conversation{}); size > 16 {
		t.Errorf("a session takes %d bytes", size)
	}
}
