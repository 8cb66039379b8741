package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

type topicsCommand struct {
	remote
	outputFlag
}

// Help is shown by --help.
func (topicsCommand) Help() string {
	return `Example:
  tidings topics --key demo`
}

// Run is called by kong.
func (c *topicsCommand) Run(ctx context.Context, s streams) error {
	var raw json.RawMessage
	if err := c.request(ctx, http.MethodGet, "topics", nil, &raw); err != nil {
		return err
	}
	var answer struct {
		Contracts []struct {
			Pattern string            `json:"pattern"`
			Kind    string            `json:"kind"`
			Doc     string            `json:"doc"`
			Rules   map[string]string `json:"rules"`
		} `json:"contracts"`
		Subscriptions []struct {
			Topic       string `json:"topic"`
			Match       string `json:"match"`
			Subscribers int    `json:"subscribers"`
		} `json:"subscriptions"`
	}
	if done, err := c.read(s, raw, &answer); done || err != nil {
		return err
	}
	for _, contract := range answer.Contracts {
		fmt.Fprintf(s.out, "%s\n", clean(contract.Pattern))
		if contract.Doc != "" {
			fmt.Fprintf(s.out, "    %s\n", clean(contract.Doc))
		}
		for _, action := range slices.Sorted(maps.Keys(contract.Rules)) {
			fmt.Fprintf(s.out, "    %-10s %s\n", action, clean(contract.Rules[action]))
		}
	}
	fmt.Fprintln(s.out)
	if len(answer.Subscriptions) == 0 {
		fmt.Fprintln(s.out, "Nobody subscribes to anything at the moment.")
		return nil
	}
	subscribed := newTable(s.out, "SUBSCRIBED", "MATCH", "SUBSCRIBERS")
	for _, subscription := range answer.Subscriptions {
		subscribed.row(subscription.Topic, subscription.Match, strconv.Itoa(subscription.Subscribers))
	}
	return subscribed.flush()
}
