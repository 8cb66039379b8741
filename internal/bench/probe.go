package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tidings-io/tidings/client"
)

// probeWithin bounds the probe, which takes four round trips.
const probeWithin = 15 * time.Second

// RefusedError reports that the server does not let the key subscribe or publish to the topic.
type RefusedError struct {
	Topic  string
	Action string // "subscribe to" or "publish to"
	Cause  *client.Error
}

func (e *RefusedError) Unwrap() error { return e.Cause }

func (e *RefusedError) Error() string {
	contract := e.Topic
	if strings.HasPrefix(contract, ownTopic) {
		contract = ownContract
	}
	return fmt.Sprintf(`the server does not let this key %s %s: %s (%s)

The bench needs a topic that the key may subscribe and publish to, and the key's scopes publish and subscribe.
For tidings.yaml:

topics:
  %s: {subscribe: backend, publish: backend}

Then restart the server. Another topic: --topic TOPIC`, e.Action, e.Topic, e.Cause.Message, e.Cause.URI, contract)
}

// probe connects the publisher, publishes one event to itself, and returns an error if that event does not arrive
// unchanged.
func (r *run) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if strings.HasPrefix(r.options.Key, "eyJ") {
		return errors.New("the key is a ticket, which lets one connection in: the bench needs an API key")
	}
	var err error
	if r.publisher, err = client.Connect(ctx, r.config()); err != nil {
		return err
	}
	arrived := make(chan client.Payload, 1)
	subscription, err := r.publisher.Subscribe(ctx, r.options.Topic, func(e *client.Event) {
		select {
		case arrived <- e.Payload:
		default:
		}
	}, nil)
	if err != nil {
		return r.refused("subscribe to", err)
	}
	payload := stamp{run: r.id}.payload(r.options.Size)
	if _, err := r.publisher.Publish(ctx, r.options.Topic, payload, &client.PublishOptions{IncludeMe: true}); err != nil {
		return r.refused("publish to", err)
	}
	select {
	case p := <-arrived:
		if s, ok := readStamp(p); !ok || s.run != r.id {
			return fmt.Errorf("what arrives on %s is not what the bench published: somebody else publishes to it, or its contract has a handler that changes payloads; choose another topic", r.options.Topic)
		}
	case <-ctx.Done():
		return fmt.Errorf("the server has accepted a publication to %s, but no event arrived within %s", r.options.Topic, probeWithin)
	}
	return subscription.Unsubscribe(ctx)
}

func (r *run) refused(action string, err error) error {
	var answer *client.Error
	if errors.As(err, &answer) {
		return &RefusedError{Topic: r.options.Topic, Action: action, Cause: answer}
	}
	return fmt.Errorf("%s %s: %w", action, r.options.Topic, err)
}
