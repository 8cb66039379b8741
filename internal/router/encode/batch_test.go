package encode_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// shortFraming takes up to 30 bytes.
type shortFraming struct{}

func (shortFraming) Frame(dst, message []byte) ([]byte, bool) {
	if len(message) > 30 {
		return dst, false
	}
	return append(append(dst, '|'), message...), true
}

func TestABatchHasTheFramesOfWhatFitsBehindEachOther(t *testing.T) {
	b := encode.Batch{Format: &outbox.Format{Encoding: wamp.V2JSON, Framing: shortFraming{}}}
	scratch := encode.GetScratch()
	defer scratch.Put()
	long := wamp.Payload{Args: []byte(`["a text that is too long for it"]`)}
	broken := wamp.Payload{Serialization: wamp.MessagePack, Args: []byte{0xc1}}
	for n, payload := range []wamp.Payload{{}, long, {Args: []byte(`[1]`)}, broken} {
		encoded, err := b.Add(&wamp.Event{Subscription: 1, Publication: wamp.ID(n + 1), Payload: payload}, scratch)
		if last := n == 3; encoded == last || (err != nil) != last {
			t.Errorf("event %d: encoded %t, %v", n+1, encoded, err)
		}
	}
	if got := string(b.Bytes); got != "|[36,1,1,{}]|[36,1,3,{},[1]]" || b.Frames != 2 || b.Missing != 2 {
		t.Errorf("the batch is %s, of %d frames, and %d are missing", got, b.Frames, b.Missing)
	}
}

func TestAPayloadIsConvertedOnceForEachSerialization(t *testing.T) {
	var c encode.Conversions
	good := wamp.Payload{Args: []byte(`[1]`)}
	for n, want := range []bool{true, false} {
		converted, now, err := c.In(wamp.MessagePack, &good)
		if string(converted.Args) != "\x91\x01" || now != want || err != nil {
			t.Errorf("conversion %d: % x, now: %t, %v", n+1, converted.Args, now, err)
		}
	}
	if _, now, err := c.In(wamp.CBOR, &good); !now || err != nil {
		t.Errorf("the second serialization: now: %t, %v", now, err)
	}
	var failed encode.Conversions
	broken := wamp.Payload{Args: []byte(`[`)}
	for n, want := range []bool{true, false} {
		if _, now, err := failed.In(wamp.CBOR, &broken); now != want || err == nil {
			t.Errorf("conversion %d of a broken payload: now: %t, %v", n+1, now, err)
		}
	}
}

func TestAScratchKeepsItsArrayUnlessThatIsLarge(t *testing.T) {
	s := encode.GetScratch()
	defer s.Put()
	s.Keep(append(s.Bytes(), make([]byte, 1000)...))
	if b := s.Bytes(); len(b) != 0 || cap(b) < 1000 {
		t.Errorf("the array has %d of %d bytes", len(b), cap(b))
	}
	before := cap(s.Bytes())
	s.Keep(make([]byte, 1<<20))
	if cap(s.Bytes()) != before {
		t.Errorf("an array of %d bytes is kept", cap(s.Bytes()))
	}
}
