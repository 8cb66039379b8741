package router_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slowTest is a router whose topics are named after their policy for slow clients. Topics below kept. are kept, and
// those below kept.latest. are thinned.
type slowTest struct {
	*testing.T
	router *router.Router
	realm  *router.Realm
}

func newSlowTest(t *testing.T) *slowTest {
	s := &slowTest{T: t}
	s.router = router.New(router.Options{
		Limits: meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30, OutboxFrames: 100},
		Slow: func(topic wamp.URI) outbox.Slow {
			switch {
			case strings.HasPrefix(string(topic), "latest."), strings.HasPrefix(string(topic), "kept.latest."):
				return outbox.Slow{Policy: outbox.SlowLatest, Interval: 100 * time.Millisecond}
			case strings.HasPrefix(string(topic), "gap."):
				return outbox.Slow{Policy: outbox.SlowGap}
			}
			return outbox.Slow{}
		},
		Journal: func(wamp.URI) publication.Journal { return journal.New(journal.Options{}) },
		Retention: func(topic wamp.URI) publication.Retention {
			if strings.HasPrefix(string(topic), "kept.") {
				return publication.Retention{Keep: publication.Keep{Last: 100}}
			}
			return publication.Retention{}
		},
	})
	s.realm = s.router.AddRealm("app")
	return s
}

// subscriber joins a client and subscribes it to topics, with _positions or without.
func (s *slowTest) subscriber(encoding wamp.Encoding, positions bool, topics ...wamp.Subscription) *member {
	m := enter(s, s.router, encoding)
	for _, topic := range topics {
		options := wamp.Dict{}
		if topic.Match != wamp.MatchExact {
			options["match"] = topic.Match.String()
		}
		if positions {
			options["_positions"] = true
		}
		m.say(&wamp.Subscribe{Request: m.next.Next(), Topic: topic.Topic, Options: options})
	}
	s.Cleanup(func() { m.client.Detach(outbox.CloseLost) })
	m.read()
	return m
}

// stall makes the client behind: a message of 16 KiB waits.
func (s *slowTest) stall(m *member) {
	s.Helper()
	payload, err := wamp.NewPayload([]any{strings.Repeat("x", 16<<10)}, nil)
	if err != nil {
		s.Fatal(err)
	}
	const topic = "bulk"
	m.say(&wamp.Subscribe{Request: m.next.Next(), Topic: topic})
	s.publish(router.Publication{Topic: topic, Payload: payload})
}

func (s *slowTest) publish(p router.Publication) {
	s.Helper()
	if _, err := s.realm.Publish(p); err != nil {
		s.Fatal(err)
	}
}

func (s *slowTest) numbers(topic wamp.URI, numbers ...int) {
	s.Helper()
	for _, n := range numbers {
		s.publish(router.Publication{Topic: topic, Payload: args(s, n)})
	}
}

// read returns the numbers of the events that have arrived, with the number of those that were skipped before.
func (m *member) read() (events []string) {
	m.t.Helper()
	m.heard = nil
	if !m.listen() {
		m.t.Errorf("the conversation is over: %+v", m.client.Outbox().Closed())
	}
	for _, message := range m.heard {
		switch message := message.(type) {
		case *wamp.Event:
			if len(message.Payload.Args) > 1000 {
				continue
			}
			text := fmt.Sprint(ints(m.t, message.Payload)[0])
			if n, told := message.Details.Int("_skipped"); told {
				text += fmt.Sprint("+", n)
			}
			events = append(events, text)
		case *wamp.Unsubscribed:
			events = append(events, "UNSUBSCRIBED")
		case *wamp.Error:
			events = append(events, string(message.Error))
		}
	}
	return events
}

func (s *slowTest) wants(m *member, want string) {
	s.Helper()
	if got := strings.Join(m.read(), " "); got != want {
		s.Errorf("%s: read %q, want %q", m.encoding.Subprotocol(), got, want)
	}
}

func exact(topics ...wamp.URI) (subs []wamp.Subscription) {
	for _, topic := range topics {
		subs = append(subs, wamp.Subscription{Topic: topic})
	}
	return subs
}

var version2 = []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON}

func TestASlowClientGetsTheNewestValue(t *testing.T) {
	for _, encoding := range version2 {
		synctest.Test(t, func(t *testing.T) {
			s := newSlowTest(t)
			asked := s.subscriber(encoding, true, exact("latest.a", "latest.b")...)
			plain := s.subscriber(encoding, false, exact("latest.a", "latest.b")...)
			quick := s.subscriber(encoding, true, exact("latest.a", "latest.b")...)
			s.stall(asked)
			s.stall(plain)
			s.numbers("latest.a", 1, 2)
			s.numbers("latest.b", 3)
			s.numbers("latest.a", 4)
			s.wants(asked, "4+2 3")
			s.wants(plain, "4 3")
			s.wants(quick, "1 2 3 4")
			s.numbers("latest.a", 5, 6) // the stream rests
			s.wants(asked, "")
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			s.wants(asked, "6+1")
			s.wants(plain, "6")
			s.wants(quick, "5 6")
			if stats := s.router.Stats(); stats.SkippedLatest != 6 || stats.SkippedGap != 0 || stats.Closes[outbox.CloseSlow] != 0 {
				t.Errorf("counted %+v", stats)
			}
		})
	}
}

func TestASlowClientGetsAGapAndIsTold(t *testing.T) {
	for _, encoding := range version2 {
		s := newSlowTest(t)
		slow := s.subscriber(encoding, true, exact("gap.a")...)
		s.stall(slow)
		for n := range 250 {
			s.numbers("gap.a", n)
		}
		got := slow.read()
		if len(got) != 100 || got[0] != "0" || got[98] != "98" || got[99] != "249+150" {
			t.Errorf("%s: read %d events, the last are %q", encoding.Subprotocol(), len(got), got[max(0, len(got)-3):])
		}
		s.numbers("gap.a", 250)
		s.wants(slow, "250")
		if stats := s.router.Stats(); stats.SkippedGap != 150 || stats.Closes[outbox.CloseSlow] != 0 {
			t.Errorf("counted %+v", stats)
		}
	}
}

func TestAClientOfVersion1IsThinnedAndNotTold(t *testing.T) {
	s := newSlowTest(t)
	c := s.router.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V1JSON}})
	defer c.Detach(outbox.CloseLost)
	if err := c.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, c, []byte(`[5,"bulk"]`))
	receive(t, c, []byte(`[5,"latest.a"]`))
	c.Outbox().Take(nil, 1<<20)
	for range 64 {
		s.numbers("bulk", 0)
	}
	s.numbers("latest.a", 1, 2, 3)
	pieces := c.Outbox().Take(nil, 1<<20).Pieces
	if len(pieces) != 65 || string(pieces[64]) != `[8,"latest.a",3]` {
		t.Errorf("took %d frames, the last is %s", len(pieces), pieces[len(pieces)-1])
	}
}

func TestPatternsAreThinnedByTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true,
			wamp.Subscription{Topic: "latest", Match: wamp.MatchPrefix}, wamp.Subscription{Topic: "latest..x", Match: wamp.MatchWildcard})
		s.stall(slow)
		s.numbers("latest.a.x", 1)
		s.numbers("latest.b", 2)
		s.numbers("latest.a.x", 3)
		s.numbers("latest.b", 4)
		s.wants(slow, "3+1 3+1 4+1")
	})
}

func TestTheKeysOfATableAreThinnedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("latest.table")...)
		s.stall(slow)
		for n, key := range []string{"x", "y", "x", "", "x"} {
			s.publish(router.Publication{Topic: "latest.table", Kept: publication.Kept{Key: key}, Payload: args(t, n)})
		}
		s.wants(slow, "4+2 1 3")
	})
}

func TestPublicationsThatArriveTogetherAreThinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2CBOR, true, exact("latest.a")...)
		quick := s.subscriber(wamp.V2CBOR, true, exact("latest.a")...)
		publisher := enter(t, s.router, wamp.V2JSON)
		publisher.say(&wamp.Publish{Request: publisher.next.Next(), Topic: "latest.a", Payload: args(t, 0)})
		s.wants(slow, "0")
		s.stall(slow)
		for n := 1; n < 5; n++ {
			frame := encode(t, wamp.V2JSON, &wamp.Publish{Request: publisher.next.Next(), Topic: "latest.a", Payload: args(t, n)})
			if err := publisher.client.ReceiveBatched(t.Context(), frame); err != nil {
				t.Fatal(err)
			}
			defer clear(frame)
		}
		publisher.client.Flush()
		s.wants(slow, "4+3")
		if taken := quick.client.Outbox().Take(nil, 1<<20); taken.Frames != 5 {
			t.Errorf("a client that keeps up got %d of 5 events", taken.Frames)
		}
	})
}

// The payload is a part of the publisher's frame, whose memory is used again.
func TestAnEventThatWaitsOutlastsThePublishersFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("latest.a")...)
		s.stall(slow)
		publisher := enter(t, s.router, wamp.V2JSON)
		for n := range 2 {
			frame := encode(t, wamp.V2JSON, &wamp.Publish{Request: publisher.next.Next(), Topic: "latest.a", Payload: args(t, 40+n)})
			receive(t, publisher.client, frame)
			clear(frame)
		}
		s.wants(slow, "41+1")
	})
}

func TestNoEventOfAThinnedStreamComesAfterUnsubscribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("latest.a")...)
		s.subscriber(wamp.V2JSON, true, exact("latest.a")...) // keeps the subscription's id
		s.stall(slow)
		s.numbers("latest.a", 1, 2)
		slow.say(&wamp.Unsubscribe{Request: slow.next.Next(), Subscription: 1})
		slow.say(&wamp.Subscribe{Request: slow.next.Next(), Topic: "latest.a", Options: wamp.Dict{"_positions": true}})
		s.numbers("latest.a", 3, 4)
		s.wants(slow, "UNSUBSCRIBED 4+1")
		time.Sleep(time.Second)
		synctest.Wait()
		s.wants(slow, "")
	})
}

// A client that resumes an ordered stream must not get an event from before behind it.
func TestWhatWaitsComesBeforeTheAnswerToARepeatedSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("kept.latest.a")...)
		s.stall(slow)
		s.numbers("kept.latest.a", 1, 2)
		s.wants(slow, "2+1")
		s.numbers("kept.latest.a", 3) // is held
		slow.say(&wamp.Subscribe{Request: slow.next.Next(), Topic: "kept.latest.a", Options: wamp.Dict{"_last": int64(1)}})
		s.numbers("kept.latest.a", 4)
		slow.heard = nil
		slow.listen()
		var got []string
		for _, message := range slow.heard {
			if e, ok := message.(*wamp.Event); ok {
				seq, _ := e.Details.Int("_seq")
				got = append(got, fmt.Sprint(seq))
				continue
			}
			got = append(got, message.Code().String())
		}
		if want := []string{"3", "SUBSCRIBED", "3", "4"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAThinnedEventOfAKeptTopicHasItsPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("kept.latest.a")...)
		s.stall(slow)
		s.numbers("kept.latest.a", 1, 2, 3)
		slow.heard = nil
		slow.listen()
		last := slow.heard[len(slow.heard)-1].(*wamp.Event)
		seq, _ := last.Details.Int("_seq")
		prev, _ := last.Details.Int("_prev")
		skipped, _ := last.Details.Int("_skipped")
		if seq != 3 || prev != 2 || skipped != 2 {
			t.Errorf("the details are %v", last.Details)
		}
	})
}

// A client comes back after the last position that it had, so it must have had all before it.
func TestThinnedEventsOfAPatternKeepTheOrderOfTheirPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, wamp.Subscription{Topic: "kept.latest.", Match: wamp.MatchPrefix})
		s.stall(slow)
		for n := range 3 {
			s.numbers("kept.latest.a", 10+n)
			s.numbers("kept.latest.b", 20+n)
		}
		s.numbers("kept.latest.b", 23)
		s.wants(slow, "12+5 23") // the first one tells of all that were skipped
		s.stall(slow)
		s.numbers("kept.latest.a", 13)
		s.wants(slow, "13") // at once: what is held would be overtaken
	})
}

// One client subscribes to topics of each policy, and reads nothing: only the topic that closes slow clients closes it.
func TestOneClientHasTopicsOfSeveralPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTest(t)
		slow := s.subscriber(wamp.V2JSON, true, exact("latest.a", "gap.a", "close.a")...)
		for n := range 1000 {
			s.numbers("latest.a", n)
			s.numbers("gap.a", n)
			if n%11 == 0 {
				s.numbers("close.a", 10_000+n)
			}
		}
		slow.say(&wamp.Subscribe{Request: slow.next.Next(), Topic: "refused..x"}) // an empty component: ERROR
		got := slow.read()
		if !slices.Contains(got, string(wamp.ErrInvalidURI)) {
			t.Error("the reply did not come")
		}
		closing := 0
		for n := range 1000 {
			if n%11 == 0 && slices.Contains(got, fmt.Sprint(10_000+n)) {
				closing++
			}
		}
		if closing != 91 {
			t.Errorf("%d of 91 events of the topic that is not thinned came", closing)
		}
		for range 101 {
			s.numbers("close.a", 1)
		}
		if closed := slow.client.Outbox().Closed(); closed == nil || closed.Reason != outbox.CloseSlow {
			t.Errorf("it is closed: %+v", closed)
		}
	})
}

func TestThinningAllocatesNothingForClientsThatKeepUp(t *testing.T) {
	for name, policy := range map[string]outbox.SlowPolicy{"close": outbox.SlowClose, "latest": outbox.SlowLatest, "gap": outbox.SlowGap} {
		t.Run(name, func(t *testing.T) {
			a := newFanoutTestWith(t, router.Options{Slow: func(wamp.URI) outbox.Slow { return outbox.Slow{Policy: policy} }}, jsonFormat)
			allocations := testing.AllocsPerRun(20, func() {
				receive(t, a.publisher.client, a.publish)
				a.drain()
			})
			if allocations > 10 {
				t.Errorf("%.0f allocations for %d events", allocations, fanout)
			}
		})
	}
}
