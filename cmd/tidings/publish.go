package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

type publishCommand struct {
	remote
	outputFlag
	paramFlags
	Topic  string `arg:"" help:"Topic, such as order.42."`
	As     string `help:"The user that the event names as its sender, where the contract has sender: true." placeholder:"ID"`
	AsName string `help:"The name of that user; the id if left out." placeholder:"NAME"`
	payloadFlags
}

// Help is shown by --help.
func (publishCommand) Help() string {
	return `Examples:
  tidings publish user.ann.flash "Your order has left the house" --key demo
  tidings publish user.ann.flash level=success text="Order 1042 is packed" --key demo
  tidings publish order.42 --kwargs '{"status": "shipped"}' --json

With an API key it says how many subscribers got the event. Who they are: tidings who TOPIC`
}

// Run is called by kong.
func (c *publishCommand) Run(ctx context.Context, s streams) error {
	topic, err := c.name(c.Topic)
	if err != nil {
		return err
	}
	c.Topic = topic
	if c.AsName != "" && c.As == "" {
		return badUsage("--as-name names the user of --as: give both")
	}
	if c.Key == "" || strings.HasPrefix(c.Key, ticketPrefix) {
		return c.asUser(ctx, s)
	}
	if _, err := c.payload(); err != nil { // the mistakes that the server would report without the name of the flag
		return err
	}
	args, kwargs, err := c.texts()
	if err != nil {
		return err
	}
	body := map[string]any{"topic": c.Topic, "args": args, "kwargs": kwargs}
	if c.As != "" {
		body["as"] = map[string]string{"id": c.As, "name": c.AsName}
	}
	var answer publishAnswer
	if err := c.request(ctx, http.MethodPost, "publish", body, &answer); err != nil {
		return withURI(err)
	}
	if c.JSON {
		return printJSON(s.out, map[string]any{"topic": c.Topic, "publication": answer.Publication, "deliveries": answer.Deliveries})
	}
	fmt.Fprintf(s.out, "published to %s: %s\n", c.Topic, answer.reached())
	return nil
}

// withURI adds the error of WAMP to a refusal, as over WebSocket.
func withURI(err error) error {
	var refused *refusedError
	if errors.As(err, &refused) && refused.URI != "" {
		refused.Detail += " (" + refused.URI + ")"
	}
	return err
}

// asUser publishes over WebSocket with a ticket, or without credentials. Users are not told how many subscribers there
// are.
func (c *publishCommand) asUser(ctx context.Context, s streams) error {
	if c.As != "" {
		return badUsage("--as needs an API key: give it with --key")
	}
	payload, err := c.payload()
	if err != nil {
		return err
	}
	session, err := c.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	publication, err := session.Publish(ctx, c.Topic, payload, nil)
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printJSON(s.out, map[string]any{"topic": c.Topic, "publication": publication})
	}
	fmt.Fprintf(s.out, "published to %s\n", c.Topic)
	return nil
}

// publishAnswer is the answer to a publication.
type publishAnswer struct {
	Publication json.Number `json:"publication"`
	Deliveries  int         `json:"deliveries"`
	Epoch       string      `json:"epoch"` // "": the topic is not kept
}

// reached says how many subscribers got the event.
func (a *publishAnswer) reached() string {
	switch {
	case a.Deliveries > 0:
		return count(a.Deliveries, "subscriber") + " got it"
	case a.Epoch != "":
		return "nobody is subscribed; it is kept for clients that come later"
	}
	return "nobody is subscribed"
}
