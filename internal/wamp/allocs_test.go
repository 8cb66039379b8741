package wamp_test

import (
	"testing"
	"unsafe"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A decoded message may allocate itself, its URI and its payload. An encoded message may allocate its frame.
func TestFrequentMessagesAllocateLittle(t *testing.T) {
	alloctest.SkipWithRace(t)
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

// Each connection holds a conversation, and a server has very many connections.
func TestAConversationIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(wamp.Conversation{}); size > 16 {
		t.Errorf("a conversation takes %d bytes", size)
	}
}
