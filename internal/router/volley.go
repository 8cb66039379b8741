package router

import (
	"context"
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A volley is publications of one client that came together and are delivered together. Those of one topic
// that follow one another are encoded once each, joined once, and put into each subscriber's outbox at
// once: a subscriber of a publisher in a hurry costs as much as one event, however many there are.
//
// It is held back only while its client's reader is at work on what it has read, which it would have
// delivered one by one otherwise: nobody waits for anything. Whatever else the client sends delivers
// it first.
type volley struct {
	publications []Publication // of one topic or several, for who is subscribed
	bytes        int           // of their payloads
}

const (
	// volleyLength bounds how long the first of a volley waits for the last: some 50 microseconds.
	volleyLength = 64
	// volleyBytes keeps it from being a large part of anybody's outbox.
	volleyBytes = 32 << 10
)

var volleys = sync.Pool{New: func() any { return new(volley) }}

// publish handles PUBLISH, which is answered only if that was asked for.
func (s *Session) publish(ctx context.Context, m *wamp.Publish) error {
	c := s.client
	request := Request{Session: s, Action: Publish, URI: m.Topic, Payload: m.Payload}
	if len(m.Options) == 0 && s.granted(&request) { // the usual case, in which nothing can go wrong
		c.hold(Publication{Topic: m.Topic, Payload: m.Payload, Publisher: s, Disclose: s.undisclosed()})
		return nil
	}
	c.deliver() // it must not be overtaken, nor wait for an answer of the Authorizer
	if err := s.mayPass(m.Options, publisherPasses); err != nil {
		return err
	}
	var receipt Receipt
	publication, err := s.publication(ctx, m)
	if err == nil {
		receipt = s.realm.Publish(publication)
	}
	if acknowledge, _ := m.Options.Bool("acknowledge"); !acknowledge {
		return nil
	}
	if err != nil {
		s.reply(m, err)
		return nil
	}
	c.send(&wamp.Published{Request: m.Request, Publication: receipt.Publication})
	return nil
}

// undisclosed is what becomes of a publication that does not say whether its publisher is named.
func (s *Session) undisclosed() Disclosure {
	if s.realm.router.options.Disclosure == DiscloseAlways {
		return DiscloseAlways
	}
	return DiscloseNever
}

// publication is what a PUBLISH asks for, if it is allowed.
func (s *Session) publication(ctx context.Context, m *wamp.Publish) (Publication, error) {
	disclose, err := s.disclosure(m.Options)
	if err != nil {
		return Publication{}, err
	}
	decision, err := s.authorize(ctx, Request{Session: s, Action: Publish, URI: m.Topic, Payload: m.Payload})
	if err != nil {
		return Publication{}, err
	}
	payload, passthru := m.Payload, m.Options.Passthru()
	if decision.Payload != nil { // by something that everybody can read
		payload, passthru = *decision.Payload, nil
	}
	retain, _ := m.Options.Bool("retain")
	return Publication{
		Topic:     m.Topic,
		Payload:   payload,
		Publisher: s,
		Filter:    filterOf(m.Options),
		Disclose:  disclose,
		Passthru:  passthru,
		Retain:    retain,
	}, nil
}

// hold puts a publication to the volley, and delivers one that is full.
func (c *Client) hold(p Publication) {
	if v := c.held; v != nil && v.full() {
		c.deliver()
	}
	if c.held == nil {
		c.held = volleys.Get().(*volley)
	}
	c.held.publications = append(c.held.publications, p)
	c.held.bytes += len(p.Payload.Args) + len(p.Payload.Kwargs)
}

func (v *volley) full() bool { return len(v.publications) >= volleyLength || v.bytes >= volleyBytes }

// Deliver delivers what ReceiveMore has held back.
func (c *Client) Deliver() {
	if c.held != nil {
		c.attempt(c.deliver)
	}
}

func (c *Client) deliver() {
	v := c.held
	if v == nil {
		return
	}
	c.held = nil
	v.publications[0].Publisher.realm.deliver(v.publications)
	clear(v.publications)
	v.publications, v.bytes = v.publications[:0], 0
	volleys.Put(v)
}
