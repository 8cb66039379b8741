package client_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
)

func TestWhatIsPublishedWhileAClientIsAwayComesOnceAndInOrder(t *testing.T) {
	for name, config := range roads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := startKeeper(t)
			l := k.listen(config(k))
			l.follow("kept.", client.SubscribeOptions{Match: client.MatchPrefix})
			l.until(client.Live)
			k.publish("kept.a", 10, "")
			l.want(1, 10)

			l.line.cut() // the connection alone
			l.until(client.Stale)
			k.publish("kept.a", 20, "")
			k.publish("kept.b", 20, "")
			l.line.restore()
			l.wantAfter(client.CatchingUp, 11, 50)

			l.line.cut() // and the server with it
			k.restart(func() {})
			k.publish("kept.c", 30, "")
			l.line.restore()
			l.until(client.Stale)
			l.wantAfter(client.CatchingUp, 51, 80)
			k.publish("kept.a", 1, "")
			l.want(81, 81)
		})
	}
}

// wantAfter wants the numbers between a freshness, which may have passed too quickly to be told, and Live.
func (l *listener) wantAfter(passing client.Freshness, from, to int) {
	l.t.Helper()
	first := l.next()
	if first == passing {
		first = l.next()
	}
	if first != from {
		l.t.Fatalf("got %v, want %d", first, from)
	}
	l.want(from+1, to, client.Live)
}

func TestAGapIsToldWhereTheJournalHasDroppedEvents(t *testing.T) {
	for name, config := range roads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := startKeeper(t)
			l := k.listen(config(k))
			s := l.follow("few", client.SubscribeOptions{})
			l.until(client.Live)
			k.publish("few", 3, "")
			l.want(1, 3)
			l.line.cut()
			l.until(client.Stale)
			k.publish("few", 20, "")
			l.line.restore()
			gap := l.gap()
			if !gap.Kept || gap.From.Epoch != gap.To.Epoch || gap.From.Seq >= gap.To.Seq {
				t.Errorf("the gap is %+v", gap)
			}
			l.want(19, 23, client.Live)

			l.line.cut() // and the data with it: positions mean nothing any more
			k.restart(k.wipe)
			k.publish("few", 2, "")
			l.line.restore()
			l.until(client.Stale)
			if gap = l.gap(); !gap.Kept || gap.From.Epoch == gap.To.Epoch {
				t.Errorf("the gap is %+v", gap)
			}
			l.want(24, 25, client.Live)
			if s.Status().Freshness != client.Live || s.Err() != nil {
				t.Errorf("the status is %+v", s.Status())
			}
		})
	}
}

// gap gives the gap that is told next.
func (l *listener) gap() client.Gap {
	l.t.Helper()
	told := l.next()
	if told == client.CatchingUp {
		told = l.next()
	}
	gap, ok := told.(client.Gap)
	if !ok {
		l.t.Fatalf("got %v, want a gap", told)
	}
	return gap
}

func TestAClientIsToldThatNothingIsKeptOfATopic(t *testing.T) {
	k := startKeeper(t)
	l := k.listen(client.Config{URL: k.http})
	l.follow("forgotten", client.SubscribeOptions{})
	l.until(client.Live)
	l.line.cut()
	l.until(client.Stale)
	k.publish("forgotten", 3, "")
	l.line.restore()
	if gap := l.gap(); gap.Kept || !strings.Contains(gap.String(), "keeps none") {
		t.Errorf("the gap is %+v", gap)
	}
	l.until(client.Live)
	k.publish("forgotten", 1, "")
	l.want(4, 4)
}

func TestTheLastEventsAndThoseSinceAStoredPositionComeFirst(t *testing.T) {
	k := startKeeper(t)
	k.publish("kept.a", 10, "")
	l := k.listen(client.Config{URL: k.http, Serialization: client.CBOR})
	var at client.Position
	last := make(chan *client.Event, 10)
	if _, err := l.Subscribe(t.Context(), "kept.a", func(e *client.Event) { last <- e }, &client.SubscribeOptions{Last: 3}); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		e := <-last
		wantEqual(t, e.Args[0], any(int64(8+n)))
		if n == 1 {
			at = e.Position
		}
	}
	other := k.listen(client.Config{URL: k.http}) // another process, which has stored the position
	other.follow("kept.a", client.SubscribeOptions{Since: at})
	other.want(10, 10, client.Live)
	same := k.listen(client.Config{URL: k.http})
	same.follow("kept.a", client.SubscribeOptions{})
	same.until(client.Live)
	same.follow("kept.a", client.SubscribeOptions{Last: 2}) // its events come to this handler alone
	for _, want := range []int{9, 10} {
		for told := same.next(); told != want; told = same.next() {
			if _, freshness := told.(client.Freshness); !freshness {
				t.Fatalf("got %v, want %d", told, want)
			}
		}
	}
	k.publish("kept.a", 1, "")
	numbers := 0
	for numbers < 2 { // each handler gets the new one
		if n, isNumber := same.next().(int); isNumber {
			wantEqual(t, n, 11)
			numbers++
		}
	}
}

func TestWhatAClientHasPublishedDoesNotComeBackToIt(t *testing.T) {
	k := startKeeper(t)
	l := k.listen(client.Config{URL: k.http})
	l.follow("kept.own", client.SubscribeOptions{})
	l.until(client.Live)
	if _, err := l.Publish(t.Context(), "kept.own", client.Args(-1), nil); err != nil {
		t.Fatal(err)
	}
	l.line.cut()
	l.until(client.Stale)
	k.publish("kept.own", 1, "")
	l.line.restore()
	l.wantAfter(client.CatchingUp, 1, 1)
}

func TestAStormWithConnectionsThatBreakLosesAndDoublesNothing(t *testing.T) {
	k := startKeeperIn(t, "")
	const events = 3000
	l := k.listen(client.Config{URL: k.http, Serialization: client.MessagePack})
	if _, err := l.Subscribe(t.Context(), "kept.storm", l.note, nil); err != nil {
		t.Fatal(err)
	}
	published := make(chan struct{})
	go func() {
		defer close(published)
		k.publish("kept.storm", events, "")
	}()
	for n := 1; n <= events; n++ {
		l.want(n, n)
		if n%300 == 0 {
			l.line.cut()
			l.line.restore()
		}
	}
	<-published
}

func TestAHandlerThatIsSlowerThanTheServerBearsLosesNothing(t *testing.T) {
	k := startKeeperIn(t, "")
	const events = 4000 // of 8 KiB: more than the outbox, the sockets and the inbox hold
	sessions := make(chan uint64, 100)
	l := k.listen(client.Config{
		URL:     k.http,
		Limits:  client.Limits{Events: 16, HandlerPatience: time.Hour},
		OnState: func(change client.StateChange) { sessions <- change.Session },
	})
	release := make(chan struct{})
	handler := func(e *client.Event) {
		<-release
		l.note(e)
	}
	if _, err := l.Subscribe(t.Context(), "kept.slow", handler, nil); err != nil {
		t.Fatal(err)
	}
	k.publish("kept.slow", events, strings.Repeat("x", 8<<10))
	close(release)
	l.want(1, events)
	joined := make(map[uint64]bool)
	for len(sessions) > 0 {
		if id := <-sessions; id != 0 {
			joined[id] = true
		}
	}
	if len(joined) < 2 {
		t.Error("the server has borne it: the test shows nothing")
	}
}
