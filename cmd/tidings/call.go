package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/client"
)

type callCommand struct {
	remote
	outputFlag
	paramFlags
	Procedure string        `arg:"" help:"Procedure, such as demo.echo."`
	Timeout   time.Duration `help:"How long to wait for the result." default:"30s"`
	payloadFlags
}

// Help is shown by --help.
func (callCommand) Help() string {
	return `Examples:
  tidings call demo.echo hello --key demo
  tidings call demo.order 1042 --key demo --json

The result is shown as one JSON value; with --json as an object with args and kwargs.`
}

// Run is called by kong.
func (c *callCommand) Run(ctx context.Context, s streams) error {
	var err error
	if c.Procedure, err = c.name(c.Procedure); err != nil {
		return err
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
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, err := session.Call(ctx, c.Procedure, payload, nil)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no result of %s within %s", c.Procedure, c.Timeout)
	case err != nil:
		return c.explain(err)
	}
	return c.show(s, result)
}

func (c *callCommand) show(s streams, result client.Payload) error {
	if c.JSON {
		return printJSON(s.out, map[string]any{"args": orEmpty(result.Args), "kwargs": orEmptyMap(result.Kwargs)})
	}
	value, err := result.JSON()
	if err != nil {
		return fmt.Errorf("show the result: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "%s\n", value)
	return err
}
