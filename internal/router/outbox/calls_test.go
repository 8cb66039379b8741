package outbox_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

const (
	ann outbox.Source = 10
	ben outbox.Source = 11
	cem outbox.Source = 12
)

// fill queues messages of n bytes from a source until one is refused. It returns the number of queued ones.
func (b *box) fill(n int, source outbox.Source) (queued int) {
	for b.PutCall(make([]byte, n), source) == outbox.Queued {
		queued++
	}
	return queued
}

func TestMessagesOfCallsThatDoNotFitAreRefusedAndCloseNothing(t *testing.T) {
	for name, b := range map[string]*box{"frames": newBox(100, 1<<20), "bytes": newBox(1<<20, 1000)} {
		t.Run(name, func(t *testing.T) {
			if n := b.fill(10, outbox.AnySource); n != 100 {
				t.Errorf("%d messages have room", n)
			}
			if got := b.PutCall(make([]byte, 10), outbox.AnySource); got != outbox.Full || b.Closed() != nil {
				t.Errorf("one more resulted in %d, and the outbox is closed: %v", got, b.Closed())
			}
			if got := b.PutUrgent([]byte("interrupt!")); got != outbox.Queued {
				t.Errorf("an INTERRUPT resulted in %d", got)
			}
			// Events have room of their own, as much as if there were no calls.
			for range 100 {
				b.put(t, "event 0123"[:10], outbox.Queued)
			}
			if taken := b.Take(nil, 1<<20); len(taken.Pieces) != 201 {
				t.Errorf("took %d messages", len(taken.Pieces))
			}
			if n := b.fill(10, outbox.AnySource); n != 100 {
				t.Errorf("after that %d messages have room", n)
			}
			for range 100 {
				b.put(t, "event 0123"[:10], outbox.Queued)
			}
			b.put(t, "event 0123", outbox.Overflow)
			if got := b.PutCall([]byte("c"), ann); got != outbox.Closed {
				t.Errorf("a call in a closed outbox resulted in %d", got)
			}
			if got := b.PutUrgent([]byte("c")); got != outbox.Closed {
				t.Errorf("an INTERRUPT in a closed outbox resulted in %d", got)
			}
		})
	}
}

func TestAMessageOfACallThatIsLargerThanTheOutboxIsTooLarge(t *testing.T) {
	b := newBox(10, 1000)
	if got := b.PutCall(make([]byte, 1001), ann); got != outbox.TooLarge {
		t.Errorf("it resulted in %d", got)
	}
	if got := b.PutCall(make([]byte, 1000), ann); got != outbox.Queued {
		t.Errorf("one that fills the outbox resulted in %d", got)
	}
	if got := b.PutCall([]byte("x"), ben); got != outbox.Full {
		t.Errorf("one more resulted in %d", got)
	}
}

func TestASourceLeavesRoomForOthers(t *testing.T) {
	for name, b := range map[string]*box{"frames": newBox(1200, 1<<20), "bytes": newBox(1<<20, 12_000)} {
		t.Run(name, func(t *testing.T) {
			got := [...]int{b.fill(10, ann), b.fill(10, ben), b.fill(10, ann), b.fill(10, cem)}
			if want := [...]int{600, 300, 0, 150}; got != want {
				t.Errorf("ann, ben, ann again and cem have room for %v messages, not %v", got, want)
			}
			b.Take(nil, 6000)
			if again := b.fill(10, ann); again == 0 {
				t.Error("ann has no room after hers were taken")
			}
		})
	}
}

func TestSessionsWithDifferentIDsAreDifferentSources(t *testing.T) {
	seen := map[outbox.Source]bool{0: true, outbox.AnySource: true}
	for id := uint64(4); id < 4000; id += 4 {
		if source := outbox.SourceOf(id); seen[source] {
			t.Fatalf("the source of %d is that of another session", id)
		} else {
			seen[source] = true
		}
	}
}

// Compares the outbox with a list, in any order of puts and takes.
func TestRoomIsCountedAsInAModel(t *testing.T) {
	type message struct {
		bytes  int
		source outbox.Source // 0: an event
	}
	const maxFrames, maxBytes = 40, 2000
	rapid.Check(t, func(t *rapid.T) {
		b := newBox(maxFrames, maxBytes)
		var queued []message
		count := func(of func(message) bool) (frames, bytes int) {
			for _, m := range queued {
				if of(m) {
					frames++
					bytes += m.bytes
				}
			}
			return frames, bytes
		}
		all := func(message) bool { return true }
		t.Repeat(map[string]func(*rapid.T){
			"event": func(t *rapid.T) {
				m := message{bytes: rapid.IntRange(1, 100).Draw(t, "bytes")}
				frames, bytes := count(func(m message) bool { return m.source == 0 })
				if frames+1 > maxFrames || bytes+m.bytes > maxBytes {
					t.Skip("it would close the outbox")
				}
				if got := b.Put(outbox.Packet{Bytes: make([]byte, m.bytes), Frames: 1}); got != outbox.Queued {
					t.Fatalf("an event resulted in %d", got)
				}
				queued = append(queued, m)
			},
			"call": func(t *rapid.T) {
				m := message{
					bytes:  rapid.IntRange(1, 300).Draw(t, "bytes"),
					source: rapid.SampledFrom([]outbox.Source{outbox.AnySource, ann, ben}).Draw(t, "source"),
				}
				frames, bytes := count(all)
				ownFrames, ownBytes := count(func(other message) bool { return other.source == m.source })
				if m.source == outbox.AnySource {
					ownFrames, ownBytes = 0, 0
				}
				want := outbox.Queued
				if frames+ownFrames+1 > maxFrames || bytes+ownBytes+m.bytes > maxBytes {
					want = outbox.Full
				}
				if got := b.PutCall(make([]byte, m.bytes), m.source); got != want {
					t.Fatalf("a call resulted in %d, want %d", got, want)
				}
				if want == outbox.Queued {
					queued = append(queued, m)
				}
			},
			"interrupt": func(t *rapid.T) {
				if len(queued) > 3*maxFrames {
					t.Skip("enough")
				}
				if got := b.PutUrgent(make([]byte, 30)); got != outbox.Queued {
					t.Fatalf("an INTERRUPT resulted in %d", got)
				}
				queued = append(queued, message{bytes: 30, source: outbox.AnySource})
			},
			"take": func(t *rapid.T) {
				queued = queued[len(b.Take(nil, rapid.IntRange(0, 500).Draw(t, "bytes")).Pieces):]
			},
			"discard": func(*rapid.T) {
				b.Discard()
				queued = nil
			},
			"": func(t *rapid.T) {
				frames, bytes := count(all)
				if gotFrames, gotBytes := b.Len(); gotFrames != frames || gotBytes != bytes {
					t.Fatalf("%d frames of %d bytes are queued, want %d of %d", gotFrames, gotBytes, frames, bytes)
				}
			},
		})
	})
}

func TestQueueingACallAllocatesNothing(t *testing.T) {
	b := newBox(1000, 1<<20)
	frame := []byte(strings.Repeat("x", 100))
	dst := make([][]byte, 0, 1000)
	got := testing.AllocsPerRun(100, func() {
		for range 400 {
			b.PutCall(frame, ann)
		}
		b.Take(dst, 1<<20)
	})
	if got > 400/30 { // a chunk of 30 may come from the pool or not
		t.Errorf("400 calls allocate %v times", got)
	}
}
