package encode_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// numbers are publications whose payload is their number. asked counts the events that were asked for.
type numbers struct{ asked int }

// Event implements the publications of an [encode.Source].
func (n *numbers) Event(i int) wamp.Event {
	n.asked++
	return wamp.Event{Publication: wamp.ID(i + 1), Topic: "t.x", Payload: wamp.Payload{Args: fmt.Appendf(nil, "[%d]", i+1)}}
}

// journal has a position and nothing else.
type journal struct{ publication.Journal }

// Position implements [publication.Journal].
func (journal) Position() publication.Position { return publication.Position{Epoch: "e", Seq: 9} }

func newRun(entries ...*publication.Entry) (*encode.Run, *numbers) {
	r, n := &encode.Run{}, &numbers{}
	r.Reset(encode.Source{Publications: n, Journal: journal{}, Log: slog.New(slog.DiscardHandler)})
	r.Begin(3, entries)
	r.For(wamp.Subscription{ID: 5, Topic: "t.", Match: wamp.MatchPrefix})
	return r, n
}

// kept returns entries with these Seqs.
func kept(seqs ...uint64) (entries []*publication.Entry) {
	for i, seq := range seqs {
		entries = append(entries, &publication.Entry{
			Topic: "t.x", Publication: wamp.ID(i + 1), Seq: seq, Payload: wamp.Payload{Args: fmt.Appendf(nil, "[%d]", i+1)},
		})
	}
	return entries
}

// lines is a format with an end of line behind each message.
type lines struct{}

func (lines) Frame(dst, message []byte) ([]byte, bool) {
	return append(append(dst, message...), '\n'), true
}

func TestTheEventsOfARunAreEncodedOnceForEachFormatAndPlace(t *testing.T) {
	r, n := newRun()
	one, other := &outbox.Format{Encoding: wamp.V2JSON, Framing: lines{}}, &outbox.Format{Encoding: wamp.V2MessagePack}
	first := r.After(one, encode.Unplaced, 0)
	const want = `[36,5,1,{"topic":"t.x"},[1]]
[36,5,2,{"topic":"t.x"},[2]]
[36,5,3,{"topic":"t.x"},[3]]
`
	if got := string(first.Bytes); got != want || first.Frames != 3 {
		t.Errorf("%d events: %s", first.Frames, got)
	}
	shared := &first.Bytes[0]
	if again := r.After(one, encode.Unplaced, 0); &again.Bytes[0] != shared || n.asked != 3 || r.Encoded != 3 {
		t.Errorf("%d events were encoded again", n.asked-3)
	}
	if got := r.After(other, encode.Unplaced, 0); got.Frames != 3 || r.Encoded != 6 {
		t.Errorf("%d events in the other format, %d encoded", got.Frames, r.Encoded)
	}
	r.For(wamp.Subscription{ID: 6, Topic: "t.x"})
	if got := string(r.After(one, encode.Unplaced, 2).Bytes); got != "[36,6,3,{},[3]]\n" {
		t.Errorf("another subscription gets %s", got)
	}
}

func TestEventsOfAPlaceTellThePositionBeforeThem(t *testing.T) {
	r, _ := newRun(kept(7, 0, 9)...)
	at := encode.Place(4) | encode.WithPositions
	const want = `[36,5,1,{"_epoch":"e","_prev":4,"_seq":7,"topic":"t.x"},[1]]
[36,5,2,{"topic":"t.x"},[2]]
[36,5,3,{"_epoch":"e","_prev":7,"_seq":9,"topic":"t.x"},[3]]
`
	format := &outbox.Format{Encoding: wamp.V2JSON, Framing: lines{}}
	if got := string(r.After(format, at, 0).Bytes); got != want {
		t.Errorf("got %s", got)
	}
	together, alone := r.After(format, at, 0), ""
	for _, single := range r.Singles(together) {
		alone += string(single.Frame)
	}
	if alone != want {
		t.Errorf("one by one they are %s", alone)
	}
	if got := string(r.Told(together, 1).WithSkipped(3)); got != `[36,5,2,{"_skipped":3,"topic":"t.x"},[2]]`+"\n" {
		t.Errorf("with the number of skipped events the second is %s", got)
	}
}

func TestASubscriberGetsLiveWhatIsBehindItsPlace(t *testing.T) {
	r, _ := newRun(kept(7, 8, 0)...)
	for at, want := range map[encode.Place]int{
		0: 0, 6: 0, 7: 1, 8: 2, 9: 2, encode.CatchingUp: 3, encode.WithPositions | 7: 1,
	} {
		if got := r.FirstAfter(at); got != want {
			t.Errorf("at %x the first is %d, want %d", uint64(at), got, want)
		}
	}
	r.Begin(3, kept(0, 8, 9))
	if got := r.FirstAfter(encode.CatchingUp | 4); got != 0 {
		t.Errorf("what is not kept waits for the catch-up: the first is %d", got)
	}
	at := encode.WithPositions | encode.CatchingUp | 4
	if next := at.At(9); next.Seq() != 9 || !next.Positions() || next&encode.CatchingUp == 0 {
		t.Errorf("the place is %x", uint64(next))
	}
}
