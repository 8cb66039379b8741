package main

import (
	"context"
	"fmt"
)

type publishCommand struct {
	remote
	outputFlag
	Topic string `arg:"" help:"Topic, such as order.42."`
	payloadFlags
}

// Help is shown by --help.
func (publishCommand) Help() string {
	return `Examples:
  tidings publish user.ann.flash "Your order has left the house" --key demo
  tidings publish user.ann.flash level=success text="Order 1042 is packed" --key demo
  tidings publish order.42 --kwargs '{"status": "shipped"}' --json`
}

// Run is called by kong.
func (c *publishCommand) Run(ctx context.Context, s streams) error {
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
