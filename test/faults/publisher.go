//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
	"github.com/tidings-io/tidings/test/faults/audit"
)

// publisher is a client that publishes with acknowledgement, and again what was not acknowledged when it has lost its
// connection or was refused.
type publisher struct {
	number int
	way    way
	dial   dialFunc
	log    *audit.Log
	topics []string
	text   string // makes publications long
	window int    // publications without an answer at a time

	acknowledged, refused *atomic.Int64 // of all publishers
	written               func() int64  // the length of the server's trace; nil: it has none

	mu       sync.Mutex // guards what follows
	goal     int        // publications to make in all
	made     int
	waiting  []*try // in the order of publication
	changed  chan struct{}
	failure  error
	promises []promise
}

// promise is an acknowledgement, with the length of the trace of the server at that time: a loss of power after it must
// leave the publication.
type promise struct {
	publication int
	written     int64
}

// try is a publication that was not acknowledged yet.
type try struct {
	*audit.Publication
	request wamp.ID // of the session; 0: to be sent
	last    bool    // of its topic
	list    string  // of receivers: the option that names the reader; "": none
}

// publisherHeartbeat is the pause between two pings of a publisher.
const publisherHeartbeat = time.Second

// newPublisher makes a publisher that has nothing to do yet.
func newPublisher(number int, w way, dial dialFunc, log *audit.Log, topics []string) *publisher {
	return &publisher{
		number: number, way: w, dial: dial, log: log, topics: topics, window: 16,
		changed: make(chan struct{}),
	}
}

// more lets the publisher make n publications more.
func (p *publisher) more(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goal += n
	p.notify()
}

// end makes the last publication to a topic.
func (p *publisher) end(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, &try{Publication: p.log.Publish(p.number, topic), last: true})
	p.notify()
}

// idle reports whether everything is made and acknowledged.
func (p *publisher) idle() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made >= p.goal && len(p.waiting) == 0, p.failure
}

// notify wakes the goroutine that sends. Caller must hold mu.
func (p *publisher) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// run publishes until the context ends.
func (p *publisher) run(ctx context.Context) {
	if p.way.transport == "http" {
		p.runHTTP(ctx)
		return
	}
	for tries := 1; ctx.Err() == nil; tries++ {
		joined, err := join(ctx, p.dial, p.way, login{key: backendKey, silence: 3 * publisherHeartbeat})
		if err == nil {
			tries = 0
			err = p.session(ctx, joined)
		}
		var fatal fatalError
		if errors.As(err, &fatal) {
			p.fail(fmt.Errorf("publisher %d over %v: %w", p.number, p.way, err))
			return
		}
		backOff(ctx, tries)
	}
}

// fail ends the publisher with an error that no further try mends.
func (p *publisher) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
}

// session publishes until the connection ends. What has no answer yet comes first.
func (p *publisher) session(ctx context.Context, joined *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { joined.conn().Close() })()
	p.mu.Lock()
	for _, t := range p.waiting {
		t.request = 0
	}
	p.mu.Unlock()
	go joined.alive(ctx, publisherHeartbeat)
	failed := make(chan error, 1)
	go func() {
		failed <- p.receive(joined)
		cancel()
	}()
	err := p.send(ctx, joined)
	joined.conn().Close()
	return errors.Join(err, <-failed)
}

// send sends what there is to send, and waits for more.
func (p *publisher) send(ctx context.Context, joined *session) error {
	var requests wamp.Sequence
	for {
		t, changed := p.next(&requests)
		if t == nil {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		message, err := p.message(t)
		if err != nil {
			return fatalError{err}
		}
		if err := joined.write(message); err != nil {
			return err
		}
	}
}

// next returns the next publication to send, with its request, or nil and the channel that tells of a change.
func (p *publisher) next(requests *wamp.Sequence) (*try, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.waiting {
		if t.request == 0 {
			t.request = requests.Next()
			t.Send()
			return t, nil
		}
	}
	if p.made >= p.goal || len(p.waiting) >= p.window {
		return nil, p.changed
	}
	t := &try{Publication: p.log.Publish(p.number, p.topics[p.made%len(p.topics)]), request: requests.Next()}
	switch p.made % 16 {
	case 7:
		t.list, t.For = "exclude_authid", func(client int) bool { return !isReader(client) }
	case 14:
		t.list, t.For = "eligible_authid", isReader
	}
	p.made++
	p.waiting = append(p.waiting, t)
	t.Send()
	return t, nil
}

// textOf returns the text of a publication.
func (p *publisher) textOf(t *try) string {
	if t.last {
		return lastText
	}
	return p.text
}

// message returns the PUBLISH of a try. All tries of a publication have the same _id.
func (p *publisher) message(t *try) (wamp.Message, error) {
	content, err := payload(t.ID, p.textOf(t))
	options := wamp.Dict{"acknowledge": true, "_id": strconv.Itoa(t.ID)}
	if t.list != "" {
		options[t.list] = []any{reader}
	}
	return &wamp.Publish{Request: t.request, Options: options, Topic: wamp.URI(t.Topic), Payload: content}, err
}

// receive takes answers until the connection ends.
func (p *publisher) receive(joined *session) error {
	for {
		m, err := joined.next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wamp.Published:
			p.answered(m.Request)
		case *wamp.Error:
			if err := p.failedToPublish(m); err != nil {
				return err
			}
		case *wamp.Goodbye:
			return errors.New("GOODBYE")
		default:
			return fatalError{fmt.Errorf("a message %T", m)}
		}
	}
}

// answered takes a PUBLISHED.
func (p *publisher) answered(request wamp.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, t := range p.waiting {
		if t.request == request {
			t.Answer(audit.Acknowledged)
			if p.written != nil && (t.list != "eligible_authid") {
				p.promises = append(p.promises, promise{t.ID, p.written()})
			}
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.acknowledged.Add(1)
			break
		}
	}
	p.notify()
}

// failedToPublish takes an ERROR.
func (p *publisher) failedToPublish(m *wamp.Error) error {
	if !mayBeRetried(m.Error) {
		text, _ := m.Payload.FirstText()
		return fatalError{fmt.Errorf("publish: %s: %s", m.Error, text)}
	}
	p.refuse(m.Request)
	return nil
}

// refuse takes an answer by which a publication may be stored or not. It is tried again, after a while.
func (p *publisher) refuse(request wamp.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused.Add(1)
	for _, t := range p.waiting {
		if t.request == request {
			t.Answer(audit.Unanswered)
			time.AfterFunc(20*time.Millisecond, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				if t.request == request {
					t.request = 0
					p.notify()
				}
			})
		}
	}
}

// mayBeRetried reports whether an error is of the moment. It leaves open whether the publication is stored.
func mayBeRetried(uri wamp.URI) bool { return uri == wamp.ErrUnavailable }
