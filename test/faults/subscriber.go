//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
	"github.com/tidings-io/tidings/test/faults/audit"
)

// subscriber is a client that holds subscriptions, connects again when it has lost its connection, and resumes.
type subscriber struct {
	number    int
	way       way
	dial      dialFunc
	heartbeat time.Duration                       // of pings; 0: none
	pause     func()                              // before each message: a slow reader
	messages  int                                 // after which it gives up its connection; 0: it does not
	small     bool                                // its receive buffer is small
	tamper    func(m wamp.Message) []wamp.Message // a man in the middle
	wants     []*want

	received *atomic.Int64         // events, of all subscribers
	sessions atomic.Int64          // that were joined
	failure  atomic.Pointer[error] // that no further try mends
}

// want is one subscription.
type want struct {
	topic string
	match string // exact, prefix, wildcard
	view  *audit.View

	position audit.Position // up to which everything came
	last     map[int]bool   // the last publications of topics that came
	topics   int            // that it covers
	finished chan struct{}  // closed when the last publication of each has come
	live     atomic.Bool
}

// newWant makes a subscription with its view.
func newWant(log *audit.Log, client int, match, pattern string, topics []string) *want {
	covers := matcher(match, pattern)
	w := &want{
		topic: pattern, match: match, last: make(map[int]bool), finished: make(chan struct{}),
		view: log.View(client, fmt.Sprintf("client %d, %s %s", client, match, pattern), covers),
	}
	for _, t := range topics {
		if covers(t) {
			w.topics++
		}
	}
	return w
}

// matcher returns the function that says which topics a subscription covers.
func matcher(match, pattern string) func(string) bool {
	switch match {
	case "prefix":
		return func(topic string) bool { return strings.HasPrefix(topic, pattern) }
	case "wildcard":
		want := strings.Split(pattern, ".")
		return func(topic string) bool {
			got := strings.Split(topic, ".")
			if len(got) != len(want) {
				return false
			}
			for i := range got {
				if want[i] != "" && want[i] != got[i] {
					return false
				}
			}
			return true
		}
	default:
		return func(topic string) bool { return topic == pattern }
	}
}

// run holds the subscriptions until the context ends.
func (s *subscriber) run(ctx context.Context) {
	var tries int
	for ctx.Err() == nil && s.failure.Load() == nil {
		joined := s.sessions.Load()
		err := s.session(ctx)
		if s.sessions.Load() > joined {
			tries = 0
		}
		var fatal fatalError
		if errors.As(err, &fatal) {
			err = fmt.Errorf("client %d over %v: %w", s.number, s.way, err)
			s.failure.Store(&err)
		}
		tries++
		backOff(ctx, tries)
	}
}

// failed returns the error that no further try mends, or nil.
func (s *subscriber) failed() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// fatalError is one that a further try does not mend.
type fatalError struct{ error }

// backOff waits for longer with each try, up to half a second.
func backOff(ctx context.Context, tries int) {
	longest := min(10*time.Millisecond<<min(tries, 10), 500*time.Millisecond)
	select {
	case <-time.After(longest/2 + rand.N(longest/2)):
	case <-ctx.Done():
	}
}

// session joins, resumes and receives until the connection ends.
func (s *subscriber) session(ctx context.Context) error {
	who := login{silence: 3 * s.heartbeat}
	if isReader(s.number) {
		who.key = readerKey
	}
	joined, err := join(ctx, s.dial, s.way, who)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { joined.conn().Close() })()
	defer joined.conn().Close()
	if s.heartbeat > 0 {
		go joined.alive(ctx, s.heartbeat)
	}
	s.sessions.Add(1)
	if s.small {
		if err := shrink(joined.conn()); err != nil {
			return err
		}
	}
	byRequest := make(map[wamp.ID]*want)
	for i, w := range s.wants {
		request := wamp.ID(i + 1)
		byRequest[request] = w
		if err := joined.write(w.subscribe(request)); err != nil {
			return err
		}
	}
	return s.receive(joined, byRequest)
}

var errChurn = errors.New("the client gives up its connection")

// shrink makes the receive buffer of a connection small.
func shrink(conn net.Conn) error {
	if buffered, ok := conn.(interface{ SetReadBuffer(bytes int) error }); ok {
		return buffered.SetReadBuffer(128 << 10) // smaller than a segment of the loopback interface, TCP would crawl
	}
	return nil
}

// subscribe returns the request, which resumes from where the want is.
func (w *want) subscribe(request wamp.ID) *wamp.Subscribe {
	options := wamp.Dict{"match": w.match, "_positions": true}
	if w.position.Epoch != "" {
		options["_since"] = wamp.Dict{"_epoch": w.position.Epoch, "_seq": int64(w.position.Seq)}
	}
	return &wamp.Subscribe{Request: request, Options: options, Topic: wamp.URI(w.topic)}
}

// receive reads until the connection ends.
func (s *subscriber) receive(joined *session, byRequest map[wamp.ID]*want) error {
	bySubscription := make(map[wamp.ID]*want)
	defer func() {
		for _, w := range bySubscription {
			w.live.Store(false)
			w.view.Lost()
		}
	}()
	for n := 1; ; n++ {
		if s.pause != nil {
			s.pause()
		}
		if n == s.messages {
			return errors.Join(errChurn, reset(joined.conn()))
		}
		m, err := joined.next()
		if err != nil {
			return err
		}
		messages := []wamp.Message{m}
		if s.tamper != nil {
			messages = s.tamper(m)
		}
		for _, m := range messages {
			if err := s.message(m, byRequest, bySubscription); err != nil {
				return err
			}
		}
	}
}

// message handles one message.
func (s *subscriber) message(m wamp.Message, byRequest, bySubscription map[wamp.ID]*want) error {
	switch m := m.(type) {
	case *wamp.Subscribed:
		w := byRequest[m.Request]
		bySubscription[m.Subscription] = w
		w.subscribed(m)
	case *wamp.Event:
		s.received.Add(1)
		w, ok := bySubscription[m.Subscription]
		if !ok {
			return fatalError{fmt.Errorf("an event of subscription %d, which it does not have", m.Subscription)}
		}
		if err := w.event(m); err != nil {
			return fatalError{err}
		}
	case *wamp.Error:
		return fatalError{fmt.Errorf("subscribe: %s %s", m.Error, m.Payload.Args)}
	case *wamp.Goodbye:
		return errors.New("GOODBYE")
	case *wamp.Abort:
		return fmt.Errorf("ABORT %s", m.Reason)
	default:
		return fatalError{fmt.Errorf("a message %T", m)}
	}
	return nil
}

// subscribed takes the answer to the request.
func (w *want) subscribed(m *wamp.Subscribed) {
	resumed := w.position.Epoch != ""
	answer := m.Details
	said := audit.Subscribed{Position: position(answer), Resumed: resumed}
	said.Live, _ = answer.Bool("_live")
	said.Gap, _ = answer.Bool("_gap")
	oldest, _ := answer.Int("_oldest")
	said.Oldest = uint64(oldest)
	w.view.Subscribed(said)
	if said.Position.Epoch != "" && (!resumed || said.Gap || said.Live) {
		w.position = said.Position
	}
	w.live.Store(said.Live || said.Position.Epoch == "")
}

// event takes an event.
func (w *want) event(m *wamp.Event) error {
	e := audit.Event{Topic: w.topic, Publication: -1, Position: position(m.Details)}
	if topic, ok := m.Details.String("topic"); ok {
		e.Topic = topic
	}
	prev, ok := m.Details.Int("_prev")
	e.Prev, e.HasPrev = uint64(prev), ok
	e.Live, _ = m.Details.Bool("_live")
	e.Gap, _ = m.Details.Bool("_gap")
	number, text, err := content(m.Payload)
	if err != nil {
		return err
	}
	e.Publication = number
	w.view.Event(e)
	if e.Position.Epoch != "" {
		w.position = e.Position
	}
	if e.Live {
		w.live.Store(true)
	}
	if text == lastText && !w.last[number] {
		w.last[number] = true
		if len(w.last) == w.topics {
			close(w.finished)
		}
	}
	return nil
}

// position reads a position.
func position(details wamp.Dict) audit.Position {
	epoch, _ := details.String("_epoch")
	seq, _ := details.Int("_seq")
	return audit.Position{Epoch: epoch, Seq: uint64(seq)}
}

// lastText is the text of the last publication of a topic.
const lastText = "last"

// payload returns the payload of a publication: its number, and a text.
func payload(number int, text string) (wamp.Payload, error) {
	return wamp.NewPayload([]any{number, text}, nil)
}

// content returns the number and the text of a payload.
func content(p wamp.Payload) (number int, text string, err error) {
	var values []any
	if err := p.Decode(&values, nil); err != nil {
		return -1, "", err
	}
	if len(values) == 2 {
		n, isNumber := values[0].(int64)
		text, isText := values[1].(string)
		if isNumber && isText {
			return int(n), text, nil
		}
	}
	return -1, "", fmt.Errorf("the payload of an event is not a number and a text: %v", values)
}
