package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// PublishOptions select the receivers of a publication and whether the router answers.
type PublishOptions struct {
	// Unacknowledged publishes without an answer: the client notices neither a refusal nor a loss.
	Unacknowledged bool
	// IncludeMe delivers the event to this client too, if it has subscribed.
	IncludeMe bool
	// DiscloseMe asks the router to tell subscribers the publisher.
	DiscloseMe bool
	// Retain keeps the event as the last of its topic, for later subscribers that ask for it. The contract must have
	// retain: asked.
	Retain bool
	// As is the user that the event names as its sender, where the contract has sender: true. The API key needs the
	// scope publish_as. nil: the event names the publisher itself.
	As *Sender

	// IdempotencyKey makes a retry to the same topic, in 15 minutes, the same publication. At most 128 bytes.
	IdempotencyKey string
	// Key is the row, where the topic is a table (keep: {per: key}). At most 128 bytes.
	Key string
	// Delete deletes the row.
	Delete bool
	// Version is that of the document that the topic, or the row, is about. One that is not higher than the last one is
	// refused with tidings.error.outdated. 0: the document has no versions.
	Version int64

	// Only sessions, users and roles that are in every list that is not nil receive the event; an empty list admits
	// no receiver.
	Eligible         []uint64
	EligibleAuthID   []string
	EligibleAuthRole []string
	// Sessions, users and roles in one of these lists do not receive the event.
	Exclude         []uint64
	ExcludeAuthID   []string
	ExcludeAuthRole []string
}

// Publish publishes the payload to the subscribers of a topic. It returns the id of the publication once the router
// has accepted it. An unacknowledged publication returns 0 as soon as it is queued.
func (c *Client) Publish(ctx context.Context, topic string, payload Payload, options *PublishOptions) (uint64, error) {
	if options == nil {
		options = &PublishOptions{}
	}
	body, err := c.outgoingPayload(ctx, topic, payload)
	if err != nil {
		return 0, wrap(err, "publish to", topic)
	}
	message := func(id wamp.ID) wamp.Message {
		return &wamp.Publish{Request: id, Options: options.dict(), Topic: wamp.URI(topic), Payload: body}
	}
	if options.Unacknowledged {
		_, _, err := c.send(ctx, wamp.CodePublish, outbound{message: message})
		return 0, wrap(err, "publish to", topic)
	}
	reply, err := c.request(ctx, wamp.CodePublish, message)
	if err != nil {
		return 0, wrap(err, "publish to", topic)
	}
	return uint64(reply.(*wamp.Published).Publication), nil
}

// outgoingPayload checks what a publication or a call is made of, and encodes its payload.
func (c *Client) outgoingPayload(ctx context.Context, uri string, payload Payload) (wamp.Payload, error) {
	switch {
	case ctx == nil:
		return wamp.Payload{}, errNoContext
	case uri == "":
		return wamp.Payload{}, errNoURI
	}
	return c.payload(payload)
}

var errNoURI = errors.New("the topic or procedure is empty")

func (o *PublishOptions) dict() wamp.Dict {
	d := wamp.Dict{}
	if !o.Unacknowledged {
		d["acknowledge"] = true
	}
	if o.IncludeMe {
		d["exclude_me"] = false
	}
	if o.DiscloseMe {
		d["disclose_me"] = true
	}
	if o.Retain {
		d["retain"] = true
	}
	if o.As != nil {
		d["_as"] = wamp.Dict{"id": o.As.ID, "name": o.As.Name}
	}
	if o.IdempotencyKey != "" {
		d["_id"] = o.IdempotencyKey
	}
	if o.Key != "" {
		d["_key"] = o.Key
	}
	if o.Delete {
		d["_delete"] = true
	}
	if o.Version != 0 {
		d["_version"] = o.Version
	}
	putList(d, "eligible", ids(o.Eligible))
	putList(d, "eligible_authid", o.EligibleAuthID)
	putList(d, "eligible_authrole", o.EligibleAuthRole)
	putList(d, "exclude", ids(o.Exclude))
	putList(d, "exclude_authid", o.ExcludeAuthID)
	putList(d, "exclude_authrole", o.ExcludeAuthRole)
	return d
}

// ids returns the ids as integers for an option. It keeps nil and empty lists apart.
func ids(sessions []uint64) []int64 {
	if sessions == nil {
		return nil
	}
	list := make([]int64, len(sessions))
	for i, id := range sessions {
		list[i] = int64(min(id, uint64(wamp.MaxID))) // no session has an id above it
	}
	return list
}

func putList[T any](d wamp.Dict, key string, values []T) {
	if values == nil {
		return
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	d[key] = list
}

// wrap adds the operation to an error.
func wrap(err error, doing, uri string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, uri, err)
}
