package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

var (
	latest = outbox.Slow{Policy: outbox.SlowLatest}
	gap    = outbox.Slow{Policy: outbox.SlowGap}
)

// text is an event whose frame says how many events before it were skipped.
type text string

func (f text) WithSkipped(n uint64) []byte { return fmt.Appendf(nil, "%s+%d", string(f), n) }

// event returns an event of a subscription to topics that begin with its letter: "a1" is of the topic "a".
func event(frame string) outbox.Event {
	return outbox.Event{
		Stream: outbox.Stream{Subscription: wamp.ID(frame[0]), Topic: wamp.URI(frame[:1])},
		Frame:  []byte(frame),
		Told:   text(frame),
	}
}

// offer puts events as a fan-out does.
func (b *box) offer(slow outbox.Slow, frames ...string) (results []outbox.PutResult) {
	for _, frame := range frames {
		result := b.PutSkippable(outbox.Packet{Bytes: []byte(frame), Frames: 1})
		switch result { //nolint:exhaustive // the others are the result
		case outbox.Queued:
			b.shared.Put.Add(int64(len(frame)))
		case outbox.Behind:
			result = b.PutEvent(event(frame), slow)
		}
		results = append(results, result)
	}
	return results
}

// stall makes the client behind.
func (b *box) stall() {
	for range 64 {
		b.Put(outbox.Packet{Bytes: []byte("."), Frames: 1})
	}
}

// read takes all frames but those of stall.
func (b *box) read() string {
	var texts []string
	for _, piece := range b.Take(nil, 1<<20).Pieces {
		if string(piece) != "." {
			texts = append(texts, string(piece))
		}
	}
	return strings.Join(texts, " ")
}

func (b *box) wantsRead(t testing.TB, want string) {
	t.Helper()
	if got := b.read(); got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

// names returns the frames from prefix+"1" to prefix+n.
func names(prefix string, n int) (frames []string) {
	for i := range n {
		frames = append(frames, fmt.Sprint(prefix, i+1))
	}
	return frames
}

func TestAClientThatKeepsUpGetsEveryEvent(t *testing.T) {
	for name, slow := range map[string]outbox.Slow{"latest": latest, "gap": gap} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1000, 10_000)
			all := names("a", 64)
			b.offer(slow, all...)
			b.wantsRead(t, strings.Join(all, " "))
			b.offer(slow, "a65")
			b.wantsRead(t, "a65")
			if s := b.State(); s != (outbox.State{}) {
				t.Errorf("the state is %+v", s)
			}
		})
	}
}

func TestTheNewestEventOfATopicTakesThePlaceOfThePendingOne(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	b.offer(latest, "a1", "b1")
	b.Put(outbox.Packet{Bytes: []byte("reply"), Frames: 1})
	got := b.offer(latest, "a2", "c1", "a3", "b2")
	if want := []outbox.PutResult{outbox.Replaced, outbox.Queued, outbox.Replaced, outbox.Replaced}; !slices.Equal(got, want) {
		t.Errorf("the results are %d, want %d", got, want)
	}
	if s := b.State(); s.Frames != 68 || s.Skipped != 3 || !s.Thinned || s.Behind.IsZero() {
		t.Errorf("the state is %+v", s)
	}
	b.wantsRead(t, "a3+2 b2+1 reply c1")
	b.offer(latest, "a4")
	b.wantsRead(t, "a4")
	if s := b.State(); s.Frames != 0 || s.Bytes != 0 || s.Skipped != 3 || s.Thinned || !s.Behind.IsZero() {
		t.Errorf("after all was read the state is %+v", s)
	}
}

func TestAnEventInOrderComesAfterAllThatWasPutBefore(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	put := func(frame string) outbox.PutResult {
		e := event(frame)
		e.Stream.Subscription, e.InOrder = 1, true
		return b.PutEvent(e, latest)
	}
	put("a1")
	put("b2")
	b.Put(outbox.Packet{Bytes: []byte("reply"), Frames: 1})
	put("c3")
	if got := put("a4"); got != outbox.Replaced {
		t.Errorf("the result is %d", got)
	}
	b.Put(outbox.Packet{Bytes: []byte("another"), Frames: 1})
	put("c5")
	put("c6")
	b.wantsRead(t, "b2+3 reply a4 another c6")
	if frames, bytes := b.Len(); frames != 0 || bytes != 0 || b.waiting() != 0 {
		t.Errorf("%d frames of %d bytes wait, counted %d", frames, bytes, b.waiting())
	}
}

func TestTheKeysOfATopicAreStreamsOfTheirOwn(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	for _, e := range []struct{ key, frame string }{{"x", "1"}, {"y", "2"}, {"x", "3"}, {"", "4"}} {
		b.PutEvent(outbox.Event{Stream: outbox.Stream{Subscription: 1, Topic: "a", Key: e.key}, Frame: []byte(e.frame)}, latest)
	}
	b.wantsRead(t, "3 2 4")
}

func TestAClientThatDidNotAskIsNotTold(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	for _, frame := range names("a", 3) {
		e := event(frame)
		e.Told = nil
		b.PutEvent(e, latest)
	}
	b.wantsRead(t, "a3")
}

func TestAClientForWhichTheNumberIsTooLongGetsThePlainEvent(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	b.PutEvent(event("a1"), latest)
	e := event("a2")
	e.Told = tooLong{}
	b.PutEvent(e, latest)
	b.wantsRead(t, "a2")
}

type tooLong struct{}

func (tooLong) WithSkipped(uint64) []byte { return nil }

func TestOverTheLimitOnlyTheNewestEventOfASubscriptionWaits(t *testing.T) {
	b := newBox(70, 10_000)
	b.stall()
	b.offer(gap, names("a", 70)...)
	got := b.offer(gap, "a71", "a72", "b1")
	if want := []outbox.PutResult{outbox.Replaced, outbox.Replaced, outbox.Skipped}; !slices.Equal(got, want) {
		t.Errorf("the results are %d, want %d", got, want)
	}
	b.Take(nil, 64+9*2+25*3) // a1 to a34: it is not half empty
	b.offer(gap, "a73")
	b.Take(nil, 3) // a35
	b.offer(gap, "a74", "b2")
	b.Take(nil, 34*3)
	b.wantsRead(t, "a73+3 a74 b2+1")
}

func TestTheNewestEventComesAlsoIfNothingFollows(t *testing.T) {
	for name, slow := range map[string]outbox.Slow{"latest": latest, "gap": gap} {
		t.Run(name, func(t *testing.T) {
			b := newBox(3, 10_000)
			b.offer(slow, names("a", 10)...)
			b.wantsRead(t, "a1 a2 a3 a10+6")
		})
	}
}

func TestEventsThatMayBeSkippedCloseNoClientAndTakeNoRoom(t *testing.T) {
	for name, b := range map[string]*box{"frames": newBox(100, 1<<20), "bytes": newBox(1<<20, 1000)} {
		for policy, slow := range map[string]outbox.Slow{"latest": latest, "gap": gap} {
			t.Run(name+" "+policy, func(t *testing.T) {
				b.Discard()
				for n := range 1000 {
					b.offer(slow, fmt.Sprintf("%c%09d", 'a'+rune(n%20), n))
				}
				if n := b.fill(10, outbox.AnySource); n != 100 {
					t.Errorf("%d messages of calls have room", n)
				}
				for range 100 {
					b.put(t, "reply 0123", outbox.Queued)
				}
				if frames, bytes := b.Len(); frames > 301 || bytes > 3010 {
					t.Errorf("%d frames of %d bytes wait", frames, bytes)
				}
			})
		}
	}
}

func TestNothingComesAfterAStreamIsForgotten(t *testing.T) {
	b := newBox(1000, 10_000)
	b.stall()
	b.offer(latest, "a1", "b1", "a2")
	b.Forget('a')
	b.Put(outbox.Packet{Bytes: []byte("UNSUBSCRIBED"), Frames: 1})
	b.offer(latest, "a3", "b2")
	b.wantsRead(t, "b2+1 UNSUBSCRIBED a3")
	if frames, bytes := b.Len(); frames != 0 || bytes != 0 {
		t.Errorf("%d frames of %d bytes are left", frames, bytes)
	}
}

func TestAStreamOfASlowClientRestsBetweenTwoEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(1000, 10_000)
		slow := outbox.Slow{Policy: outbox.SlowLatest, Interval: 100 * time.Millisecond}
		b.stall()
		b.offer(slow, "a1", "a2")
		b.wantsRead(t, "a2+1")
		woken := b.woken
		b.offer(slow, "a3", "b1", "a4")
		b.wantsRead(t, "b1") // which was not thinned
		if s := b.State(); s.Frames != 1 || s.Bytes != 2 || !s.Thinned {
			t.Errorf("the state is %+v", s)
		}
		time.Sleep(100*time.Millisecond - 1)
		b.wantsRead(t, "")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if b.woken != woken+2 { // for b1 and a4
			t.Errorf("it was woken %d times", b.woken-woken)
		}
		b.offer(slow, "a5") // a4 is not taken yet
		b.wantsRead(t, "a5+2")
		time.Sleep(100 * time.Millisecond) // nothing came: the stream is an ordinary one
		synctest.Wait()
		b.offer(slow, "a6", "a7")
		b.wantsRead(t, "a6 a7")
		if s := b.State(); s.Thinned || s.Frames != 0 || s.Bytes != 0 || s.Skipped != 3 {
			t.Errorf("after all was read the state is %+v", s)
		}
	})
}

func TestAnEventThatIsHeldIsDroppedAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(*box){
		"close":   func(b *box) { b.Close(outbox.CloseInfo{Reason: outbox.CloseGoodbye}) },
		"discard": func(b *box) { b.Discard() },
		"forget":  func(b *box) { b.Forget('a') },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(1000, 10_000)
				slow := outbox.Slow{Policy: outbox.SlowLatest, Interval: time.Hour}
				b.stall()
				b.offer(slow, "a1")
				b.wantsRead(t, "a1")
				b.offer(slow, "a2")
				end(b)
				if frames, bytes := b.Len(); frames != 0 || bytes != 0 || b.waiting() != 0 {
					t.Errorf("%d frames of %d bytes wait, counted %d", frames, bytes, b.waiting())
				}
			})
		})
	}
}

// waiting returns the bytes that the counters of all outboxes say.
func (b *box) waiting() int64 {
	return b.shared.Put.Load() - int64(b.shared.Bytes.Load()) - b.shared.Dropped.Load()
}

// Each event is received or told of, once. Streams keep their order, and everything else keeps its order and is complete.
func TestReceivedAndSkippedEventsAreAllEvents(t *testing.T) {
	policies := map[byte]outbox.Slow{'a': latest, 'b': latest, 'g': gap, 'h': gap}
	rapid.Check(t, func(t *rapid.T) {
		b := newBox(rapid.IntRange(65, 100).Draw(t, "frames"), rapid.IntRange(1000, 3000).Draw(t, "bytes"))
		offered, got := map[byte]int{}, map[byte]int{}
		last := map[byte]int{}
		replies, repliesGot := 0, 0
		take := func(most int) {
			for _, piece := range b.Take(nil, most).Pieces {
				var n, skipped int
				name := string(piece)
				if name[0] == 'r' {
					fmt.Sscanf(name[1:], "%d", &n)
					if repliesGot++; n != repliesGot {
						t.Fatalf("reply %d came instead of %d", n, repliesGot)
					}
					continue
				}
				if fields, _ := fmt.Sscanf(name[1:], "%d+%d", &n, &skipped); fields == 0 || n <= last[name[0]] {
					t.Fatalf("%s came after %d", name, last[name[0]])
				}
				last[name[0]] = n
				got[name[0]] += 1 + skipped
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"events": func(t *rapid.T) {
				for range rapid.IntRange(1, 80).Draw(t, "events") {
					topic := rapid.SampledFrom([]byte("abgh")).Draw(t, "topic")
					offered[topic]++
					b.offer(policies[topic], fmt.Sprintf("%c%04d", topic, offered[topic]))
				}
			},
			"reply": func(t *rapid.T) {
				if waiting := replies - repliesGot; waiting >= 60 || waiting*5 >= 900 {
					t.Skip("it would close the outbox")
				}
				replies++
				if r := b.Put(outbox.Packet{Bytes: fmt.Appendf(nil, "r%04d", replies), Frames: 1}); r != outbox.Queued {
					t.Fatalf("a reply resulted in %d", r)
				}
			},
			"take": func(t *rapid.T) { take(rapid.IntRange(0, 500).Draw(t, "bytes")) },
			"": func(t *rapid.T) {
				if _, bytes := b.Len(); int64(bytes) != b.waiting() {
					t.Fatalf("%d bytes wait, and %d are counted", bytes, b.waiting())
				}
			},
		})
		take(1 << 20)
		for topic := range policies { // this tells of what nothing has told of yet
			offered[topic]++
			b.offer(policies[topic], fmt.Sprintf("%c%04d", topic, offered[topic]))
		}
		take(1 << 20)
		for topic, n := range offered {
			if got[topic] != n || last[topic] != n {
				t.Fatalf("topic %c: %d events, %d received or told of, the last is %d", topic, n, got[topic], last[topic])
			}
		}
		if s := b.State(); s.Frames != 0 || s.Bytes != 0 || repliesGot != replies {
			t.Fatalf("the state is %+v, and %d of %d replies came", s, repliesGot, replies)
		}
	})
}
