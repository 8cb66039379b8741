package main

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/bench"
)

type benchCommand struct {
	remote
	outputFlag
	Topic       string `help:"Topic to publish to, which the key may also subscribe to; one below bench. if left out." placeholder:"TOPIC"`
	Connections int    `help:"Connections to open, up to 20,000." default:"200"`
	Rate        int    `help:"Publications a second while latency is measured." default:"10"`
	Seconds     int    `help:"How long latency is measured, and fan-out." default:"5"`
	Size        int    `help:"Bytes of a payload, about." default:"128"`
}

// Help is shown by --help.
func (benchCommand) Help() string {
	return `Examples:
  tidings bench --key demo
  tidings bench --connections 5000 --rate 2 --seconds 10

Opens connections, publishes to all of them, and says how fast that was, what it cost the server,
and what the figures mean. It is load: use it against your own server only, and not while people
depend on it. Best from another machine than the server's.`
}

// Run is called by kong.
func (c *benchCommand) Run(ctx context.Context, s streams) error {
	base, err := c.baseURL()
	if err != nil {
		return err
	}
	shown := newProgress(s.err)
	options := bench.Options{
		Server: base.String(), Key: c.Key, Agent: "tidings-bench", Topic: c.Topic,
		Connections: c.Connections, Rate: c.Rate, Seconds: c.Seconds, Size: c.Size,
		Progress: shown.show,
	}
	if err := options.Check(); err != nil {
		return badUsage("--%v", err)
	}
	report, err := bench.Run(ctx, options)
	shown.end()
	if err != nil {
		return c.explainBench(err)
	}
	if c.JSON {
		err = printJSON(s.out, report)
	} else {
		err = report.Write(s.out)
	}
	if err == nil && !report.OK {
		return errReported
	}
	return err
}

// explainBench words errors of connecting for people. A refusal says what to do already.
func (c *benchCommand) explainBench(err error) error {
	var refused *bench.RefusedError
	if errors.As(err, &refused) {
		return err
	}
	return c.explain(err)
}
