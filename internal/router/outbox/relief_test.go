package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// boxes are outboxes that share their limits.
type boxes struct {
	shared outbox.Shared
	all    []*outbox.Outbox
}

func newBoxes(n int, total int64) *boxes {
	b := &boxes{all: make([]*outbox.Outbox, n)}
	b.shared.Limit(1<<20, 1<<30)
	b.shared.LimitTotal(total)
	for i := range b.all {
		b.all[i] = new(outbox.Outbox)
		b.all[i].Init(&b.shared, nil)
	}
	return b
}

// put queues bytes of an outbox's own.
func (b *boxes) put(t *testing.T, to, bytes int) {
	t.Helper()
	if got := b.all[to].Put(outbox.Packet{Bytes: make([]byte, bytes), Frames: 1}); got != outbox.Queued {
		t.Errorf("putting resulted in %d", got)
	}
}

// closed returns which outboxes are closed.
func (b *boxes) closed() (all []int) {
	for i, o := range b.all {
		if info := o.Closed(); info != nil && info.Reason == outbox.CloseSlow {
			all = append(all, i)
		}
	}
	return all
}

func TestTheOutboxesThatHoldTheMostAreClosedFirst(t *testing.T) {
	b := newBoxes(6, 1000)
	for i, bytes := range []int{50, 300, 200, 400, 0, 50} {
		if bytes > 0 {
			b.put(t, i, bytes)
		}
	}
	if b.shared.MayExceed() {
		t.Error("exactly the total is too much")
	}
	b.put(t, 5, 1)
	if !b.shared.MayExceed() {
		t.Error("more than the total is not too much")
	}
	got := b.shared.Relieve(b.all)
	if want := (outbox.Relief{Before: 1001, After: 601, Closed: 1}); got != want || !slices.Equal(b.closed(), []int{3}) {
		t.Errorf("the relief is %+v, and %v are closed", got, b.closed())
	}
	if b.shared.Waiting() != 601 || b.shared.Exceeded() {
		t.Errorf("%d bytes wait, too much: %t", b.shared.Waiting(), b.shared.Exceeded())
	}
}

// One message to a thousand clients takes the memory of one message.
func TestBytesThatOutboxesShareCountOnce(t *testing.T) {
	b := newBoxes(1000, 2<<20)
	message := make([]byte, 1<<20)
	for _, o := range b.all {
		o.Put(outbox.Packet{Bytes: message, Frames: 1})
	}
	got := b.shared.Relieve(b.all)
	if want := (outbox.Relief{Before: 1 << 20, After: 1 << 20}); got != want || len(b.closed()) > 0 {
		t.Errorf("the relief is %+v, and %v are closed", got, b.closed())
	}
	if b.shared.MayExceed() {
		t.Error("what was just counted is counted again")
	}
	b.put(t, 0, 1<<20)
	if !b.shared.MayExceed() {
		t.Error("as much was put as was free, and it is not counted")
	}
}

// Closing one of two outboxes that share all of their frames frees nothing: both are closed.
func TestSharedBytesAreFreeOnceNoOutboxHoldsThem(t *testing.T) {
	b := newBoxes(3, 1000)
	for range 3 {
		message := make([]byte, 400)
		b.all[0].Put(outbox.Packet{Bytes: message, Frames: 1})
		b.all[1].Put(outbox.Packet{Bytes: message, Frames: 1})
	}
	b.put(t, 2, 100)
	got := b.shared.Relieve(b.all)
	if want := (outbox.Relief{Before: 1300, After: 100, Closed: 2}); got != want || !slices.Equal(b.closed(), []int{0, 1}) {
		t.Errorf("the relief is %+v, and %v are closed", got, b.closed())
	}
}

func TestAnOutboxWhoseEventsMayBeSkippedIsThinnedInsteadOfClosed(t *testing.T) {
	for name, slow := range map[string]outbox.Slow{"latest": latest, "gap": gap} {
		t.Run(name, func(t *testing.T) {
			b := newBoxes(2, 3000)
			o := b.all[0]
			for range 64 {
				o.Put(outbox.Packet{Bytes: []byte("."), Frames: 1})
			}
			var last string
			for n := range 40 {
				last = fmt.Sprintf("a%02d%s", n, strings.Repeat("x", 97))
				o.PutEvent(outbox.Event{
					Stream: outbox.Stream{Subscription: 1, Topic: wamp.URI(fmt.Sprint(n))}, Frame: []byte(last), Told: text(last),
				}, slow)
			}
			b.put(t, 1, 100)
			got := b.shared.Relieve(b.all)
			if got.Closed != 0 || got.Thinned != 1 || got.Skipped != 39 || got.Before < 4000 || got.After > 300 {
				t.Errorf("the relief is %+v", got)
			}
			taken := o.Take(nil, 1<<20)
			if n := len(taken.Pieces); n != 65 || string(taken.Pieces[64]) != last+"+39" {
				t.Errorf("took %d frames, the last is %s", n, taken.Pieces[n-1])
			}
			if s := o.State(); s.Skipped != 39 {
				t.Errorf("the state is %+v", s)
			}
		})
	}
}

// While too much waits and nothing can be freed, an event that waits is replaced at once.
func TestWhileTheTotalIsExceededOneFrameMakesAClientBehind(t *testing.T) {
	for name, slow := range map[string]outbox.Slow{"latest": latest, "gap": gap} {
		t.Run(name, func(t *testing.T) {
			b := newBoxes(3, 100)
			offer := func(o *outbox.Outbox, frame string) {
				switch o.PutSkippable(outbox.Packet{Bytes: []byte(frame), Frames: 1}) {
				case outbox.Queued:
					b.shared.Put.Add(int64(len(frame)))
				case outbox.Behind:
					o.PutEvent(event(frame), slow)
				default:
					t.Errorf("%s has no place", frame)
				}
			}
			for _, o := range b.all {
				offer(o, "a1"+strings.Repeat("x", 50))
			}
			if got := b.shared.Relieve(b.all); got.Closed != 0 || got.Thinned != 0 || !b.shared.Exceeded() {
				t.Errorf("the relief is %+v, exceeded: %t", got, b.shared.Exceeded())
			}
			for _, frame := range []string{"a2", "a3", "a4"} {
				offer(b.all[0], frame)
			}
			if taken := b.all[0].Take(nil, 1<<20); len(taken.Pieces) != 2 || string(taken.Pieces[1]) != "a4+2" {
				t.Errorf("took %q", taken.Pieces)
			}
			b.all[1].Take(nil, 1<<20)
			if b.shared.Exceeded() {
				t.Error("it is exceeded still, although outboxes were read")
			}
		})
	}
}
