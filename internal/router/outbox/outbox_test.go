package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// box is an outbox that counts how often its transport is woken.
type box struct {
	outbox.Outbox
	shared outbox.Shared
	woken  int
}

func newBox(frames, bytes int) *box {
	b := &box{}
	b.shared.Limit(frames, bytes)
	b.Init(&b.shared, outbox.WakeFunc(func() { b.woken++ }))
	return b
}

func (b *box) put(t testing.TB, text string, want outbox.PutResult) {
	t.Helper()
	if got := b.Put(outbox.Packet{Bytes: []byte(text), Frames: 1}); got != want {
		t.Errorf("putting %q resulted in %d, want %d", text, got, want)
	}
}

// expect takes all frames, and checks them and how the outbox is closed.
func (b *box) expect(t testing.TB, frames string, closed outbox.CloseReason) {
	t.Helper()
	taken := b.Take(nil, 1<<20)
	var texts []string
	for _, piece := range taken.Pieces {
		texts = append(texts, string(piece))
	}
	got := outbox.CloseNone
	if taken.Closed != nil {
		got = taken.Closed.Reason
	}
	if strings.Join(texts, " ") != frames || got != closed || taken.More {
		t.Errorf("took %q, closed: %s, more: %t; want %q, %s", texts, got, taken.More, frames, closed)
	}
}

func TestTheOutboxIsAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBox(1<<20, 1<<30)
		var queued []outbox.Packet
		sizes := func() (frames, bytes int) {
			for _, p := range queued {
				frames += p.Frames
				bytes += len(p.Bytes)
			}
			return frames, bytes
		}
		total, taken := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "packets") {
					p := outbox.Packet{Bytes: fmt.Appendf(nil, "%06d", total), Frames: rapid.IntRange(1, 3).Draw(t, "frames")}
					total++
					queued = append(queued, p)
					if b.Put(p) != outbox.Queued {
						t.Fatalf("packet %s was refused", p.Bytes)
					}
				}
			},
			"take": func(t *rapid.T) {
				most := rapid.IntRange(0, 200).Draw(t, "bytes")
				got := b.Take(nil, most)
				frames, bytes := 0, 0
				for _, piece := range got.Pieces {
					if string(piece) != string(queued[0].Bytes) {
						t.Fatalf("took %s, want %s", piece, queued[0].Bytes)
					}
					frames += queued[0].Frames
					bytes += len(piece)
					queued = queued[1:]
				}
				taken += frames
				if got.Closed != nil || got.Frames != frames || got.More != (len(queued) > 0) || bytes > most && len(got.Pieces) > 1 ||
					got.More && bytes+len(queued[0].Bytes) <= most {
					t.Fatalf("took %+v of at most %d bytes; %d packets are left", got, most, len(queued))
				}
			},
			"discard": func(*rapid.T) {
				b.Discard()
				queued = nil
			},
			"": func(t *rapid.T) {
				frames, bytes := sizes()
				if gotFrames, gotBytes := b.Len(); gotFrames != frames || gotBytes != bytes {
					t.Fatalf("%d frames of %d bytes are queued, want %d of %d", gotFrames, gotBytes, frames, bytes)
				}
				if got := b.shared.Frames.Load(); got != uint64(taken) {
					t.Fatalf("%d frames are counted as taken, want %d", got, taken)
				}
			},
		})
	})
}

func TestTheTransportIsWokenWhenTheOutboxFillsAndWhenItCloses(t *testing.T) {
	b := newBox(10, 1000)
	expect := func(want int, after string) {
		t.Helper()
		if b.woken != want {
			t.Errorf("it was woken %d times after %s, want %d", b.woken, after, want)
		}
	}
	b.put(t, "a", outbox.Queued)
	b.put(t, "b", outbox.Queued)
	expect(1, "two frames")
	b.expect(t, "a b", outbox.CloseNone)
	b.put(t, "c", outbox.Queued)
	expect(2, "a frame in an empty outbox")
	b.Close(outbox.CloseInfo{Reason: outbox.CloseGoodbye})
	b.Close(outbox.CloseInfo{Reason: outbox.CloseLost})
	expect(3, "the first close")
	b.expect(t, "c", outbox.CloseGoodbye)
}

func TestAnOutboxOverALimitIsClosedAsSlowAndEmptied(t *testing.T) {
	for name, b := range map[string]*box{"frames": newBox(2, 1000), "bytes": newBox(1000, 2)} {
		t.Run(name, func(t *testing.T) {
			b.put(t, "a", outbox.Queued)
			b.put(t, "b", outbox.Queued)
			b.put(t, "c", outbox.Overflow)
			b.put(t, "d", outbox.Closed)
			if frames, bytes := b.Len(); frames != 0 || bytes != 0 || b.woken != 2 {
				t.Errorf("%d frames of %d bytes are queued, and it was woken %d times", frames, bytes, b.woken)
			}
			b.expect(t, "", outbox.CloseSlow)
		})
	}
}

func TestWhatWasQueuedBeforeACloseIsStillTaken(t *testing.T) {
	b := newBox(10, 1000)
	b.put(t, "a", outbox.Queued)
	if !b.Close(outbox.CloseInfo{Reason: outbox.CloseKilled, Text: "at once"}) || b.Close(outbox.CloseInfo{Reason: outbox.CloseLost}) {
		t.Error("the first close has no effect, or the second one has")
	}
	b.put(t, "b", outbox.Closed)
	if taken := b.Take(nil, 0); len(taken.Pieces) != 1 || taken.Closed == nil {
		t.Errorf("took %+v", taken)
	}
	b.expect(t, "", outbox.CloseKilled)
	if info := b.Closed(); info == nil || info.Text != "at once" {
		t.Errorf("it is closed with %+v", info)
	}
}

func TestAnOutboxWithoutAWakerWorks(t *testing.T) {
	var o outbox.Outbox
	var shared outbox.Shared
	shared.Limit(1, 10)
	o.Init(&shared, nil)
	if o.Put(outbox.Packet{Bytes: []byte("a"), Frames: 1}) != outbox.Queued || o.Closed() != nil {
		t.Error("the frame was refused")
	}
}

func TestConcurrentSendersAndAWriterLoseNoFrame(t *testing.T) {
	const senders, each = 4, 1000
	var o outbox.Outbox
	var shared outbox.Shared
	shared.Limit(senders*each, 1<<20)
	o.Init(&shared, nil)
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for n := range each {
				o.Put(outbox.Packet{Bytes: []byte{byte(sender), byte(n >> 8), byte(n)}, Frames: 1})
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		sending.Wait()
	}()
	var next [senders]int
	for last := false; ; {
		select {
		case <-done:
			last = true
		default:
		}
		for _, frame := range o.Take(nil, 100).Pieces {
			if n := int(frame[1])<<8 | int(frame[2]); n != next[frame[0]] {
				t.Errorf("frame %d of sender %d came instead of %d", n, frame[0], next[frame[0]])
			}
			next[frame[0]]++
		}
		if frames, _ := o.Len(); last && frames == 0 {
			break
		}
	}
	for sender, n := range next {
		if n != each {
			t.Errorf("%d frames of sender %d were taken", n, sender)
		}
	}
}

func TestEveryCloseReasonHasANameAndIsListed(t *testing.T) {
	names := map[string]bool{}
	for _, reason := range outbox.CloseReasons() {
		name := reason.String()
		if name == "" || name == "unknown" || names[name] {
			t.Errorf("reason %d is called %q", reason, name)
		}
		names[name] = true
	}
	known := 0
	for reason := outbox.CloseGoodbye; reason.String() != "unknown"; reason++ {
		known++
	}
	if len(names) != known || outbox.CloseNone.String() != "none" {
		t.Errorf("%d of %d reasons are listed: %v", len(names), known, names)
	}
}

func TestTheErrorOfACloseNamesReasonAndText(t *testing.T) {
	for info, want := range map[outbox.CloseInfo]string{
		{Reason: outbox.CloseSlow}:                     "the conversation is over: slow",
		{Reason: outbox.CloseKilled, Text: "good-bye"}: "the conversation is over: killed: good-bye",
	} {
		if err := info.Err(); !errors.Is(err, outbox.ErrClosed) || err.Error() != want {
			t.Errorf("%+v is the error %v", info, err)
		}
	}
}

// lengthFraming prefixes a message with its length, and takes up to nine bytes.
type lengthFraming struct{}

func (lengthFraming) Frame(dst, message []byte) ([]byte, bool) {
	if len(message) > 9 {
		return dst, false
	}
	return append(append(dst, byte('0'+len(message))), message...), true
}

func TestEqualFormatsAreOnePointer(t *testing.T) {
	var formats outbox.Formats
	plain, framed := outbox.Format{Encoding: wamp.V2JSON}, outbox.Format{Encoding: wamp.V2JSON, Framing: lengthFraming{}}
	a, b, c := formats.Intern(plain), formats.Intern(plain), formats.Intern(framed)
	if a != b || a == c || *a != plain || *c != framed {
		t.Errorf("%p, %p and %p for %+v, the same and %+v", a, b, c, plain, framed)
	}
	if n := testing.AllocsPerRun(100, func() { formats.Intern(framed) }); n != 0 {
		t.Errorf("a known format costs %v allocations", n)
	}
}

func TestAFormatFramesAMessageBehindOthers(t *testing.T) {
	plain, framed := outbox.Format{}, outbox.Format{Framing: lengthFraming{}}
	for _, test := range []struct {
		format        outbox.Format
		message, want string
		fits          bool
	}{
		{plain, "abc", "-abc", true},
		{framed, "abc", "-3abc", true},
		{framed, "too long a message", "-", false},
	} {
		if got, fits := test.format.Frame([]byte("-"), []byte(test.message)); string(got) != test.want || fits != test.fits {
			t.Errorf("%q became %q, fits: %t", test.message, got, fits)
		}
	}
}
