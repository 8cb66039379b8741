package client

import (
	"github.com/tidings-io/tidings/internal/wamp"
)

// Event is one publication on a subscribed topic. Handlers of the same topic share it, so a handler must not change
// it.
type Event struct {
	Payload

	// Topic is the topic of the publication, also if the subscription is for a pattern.
	Topic       string
	Publication uint64
	// Publisher is the session of the publisher, with its user and role, if disclosed.
	Publisher         uint64
	PublisherAuthID   string
	PublisherAuthRole string
	// Sender is the user or backend that the event comes from, as the server knows it, where the contract of the topic
	// has sender: true. nil: the event comes from the server itself, or from the program around it.
	Sender *Sender

	// Position is the place after the event, where a later subscription can begin (SubscribeOptions.Since). It is zero
	// if the router does not keep the topic.
	Position Position
	// Skipped is how many events the router has left out since the last one, because this client does not keep up.
	Skipped int
	// Key is the row, Deleted tells that the row is deleted, and Version is that of the document, as the publisher gave
	// them.
	Key     string
	Deleted bool
	Version int64

	// Details holds all details of the event.
	Details map[string]any
}

func newEvent(topic string, m *wamp.Event, payload Payload) *Event {
	details := m.Details
	e := &Event{
		Payload: payload, Topic: topic, Publication: uint64(m.Publication), Position: positionOf(details),
		Details: wamp.PlainMap(details),
	}
	if topic, ok := details.String("topic"); ok {
		e.Topic = topic
	}
	publisher, _ := details.ID("publisher") // absent unless disclosed, as are the next two
	e.Publisher = uint64(publisher)
	e.PublisherAuthID, _ = details.String("publisher_authid")
	e.PublisherAuthRole, _ = details.String("publisher_authrole")
	e.Sender = senderOf(details)
	skipped, _ := details.Int("_skipped") // absent unless the router says so, as are the next three
	e.Skipped = int(max(skipped, 0))
	e.Key, _ = details.String("_key")
	e.Deleted, _ = details.Bool("_delete")
	e.Version, _ = details.Int("_version")
	return e
}
