package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tidings-io/tidings/client"
)

type subscribeCommand struct {
	remote
	outputFlag
	paramFlags
	Topic string `arg:"" help:"Topic, such as order.42, or a pattern with --match."`
	Match string `help:"How the topic matches: exact, prefix (order.) or wildcard (chat..message)." enum:"exact,prefix,wildcard" default:"exact"`
	Count int    `help:"End after this many events." placeholder:"N"`
	Last  int    `help:"Begin with the last N events that the server keeps of the topic." placeholder:"N"`
}

// Help is shown by --help.
func (subscribeCommand) Help() string {
	return `Examples:
  tidings subscribe price. --match prefix --count 10 --key demo
  tidings subscribe order.42 --json | jq .kwargs

Ends with Ctrl-C. A lost connection is made again. What was published meanwhile is printed, if the topic is kept;
standard error says how many events that were, and whether some are missing.`
}

// Run is called by kong.
func (c *subscribeCommand) Run(ctx context.Context, s streams) error {
	topic, err := c.name(c.Topic)
	if err != nil {
		return err
	}
	c.Topic = topic
	show := &eventWriter{streams: s, json: c.JSON, left: c.Count, done: make(chan struct{})}
	session, err := c.connect(ctx, func(config *client.Config) { config.OnState = show.state })
	if err != nil {
		return err
	}
	defer session.Close()
	subscription, err := session.Subscribe(ctx, c.Topic, show.event, &client.SubscribeOptions{
		Match: client.Match(c.Match), Last: c.Last, OnStatus: show.status, OnGap: show.gap,
	})
	if err != nil {
		return c.hint(c.explain(err))
	}
	fmt.Fprintf(s.err, "subscribed to %s at %s; Ctrl-C ends\n", c.Topic, c.Server)
	select {
	case <-show.done:
		return show.failure()
	case <-subscription.Done():
		return c.ended(subscription.Err(), session.Err())
	case <-ctx.Done():
		return nil
	}
}

// hint returns advice if the topic looks like a pattern and no match policy was given.
func (c *subscribeCommand) hint(err error) error {
	looksLikePattern := strings.HasSuffix(c.Topic, ".") || strings.Contains(c.Topic, "..") || strings.Contains(c.Topic, "*")
	if client.Match(c.Match) != client.MatchExact || !looksLikePattern {
		return err
	}
	return fmt.Errorf("%w\nIf it is a pattern, say how it matches: --match prefix (order. is all that begin so) or --match wildcard (chat..message leaves a component open)", err)
}

func (c *subscribeCommand) ended(causes ...error) error {
	if err := errors.Join(causes...); err != nil {
		return c.explain(err)
	}
	return errors.New("the server has ended the subscription")
}

// eventWriter prints events until it has printed as many as it was told.
type eventWriter struct {
	streams
	json bool
	done chan struct{} // closed after the last event to print

	mu   sync.Mutex // guards what follows
	left int        // 0 from the start: no limit
	over bool
	err  error

	away   bool // the connection was lost, and not all that was missed has come
	missed int  // events that were published meanwhile
	gone   bool // some of them cannot be had
}

func (w *eventWriter) event(e *client.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if w.away {
		w.missed++
	}
	err := w.write(e)
	w.left--
	if err != nil || w.left == 0 {
		w.over, w.err = true, err
		close(w.done)
	}
}

func (w *eventWriter) write(e *client.Event) error {
	if w.json {
		return printJSON(w.out, map[string]any{
			"topic": e.Topic, "publication": e.Publication, "args": orEmpty(e.Args), "kwargs": orEmptyMap(e.Kwargs),
		})
	}
	value, err := e.JSON()
	if err != nil {
		return fmt.Errorf("show an event: %w", err)
	}
	_, err = fmt.Fprintf(w.out, "%s  %s  %s\n", time.Now().Format("15:04:05.000"), e.Topic, value)
	return err
}

func (w *eventWriter) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// state reports that the connection was lost, or restored.
func (w *eventWriter) state(change client.StateChange) {
	if change.State == client.Waiting {
		fmt.Fprintf(w.streams.err, "connection lost: trying again in %s\n", change.Wait.Round(100*time.Millisecond))
	}
}

// status says what became of the time without a connection.
func (w *eventWriter) status(s client.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s.Freshness {
	case client.Stale:
		w.away = true
	case client.Live, client.Thinned:
		if w.away {
			fmt.Fprintln(w.streams.err, w.summary())
		}
		w.away, w.missed, w.gone = false, 0, false
	case client.CatchingUp, client.Ended:
	}
}

func (w *eventWriter) summary() string {
	switch {
	case w.missed == 1:
		return "connected again: the last event was published meanwhile"
	case w.missed > 1:
		return fmt.Sprintf("connected again: the last %d events were published meanwhile", w.missed)
	case w.gone:
		return "connected again"
	}
	return "connected again: nothing was missed"
}

// gap says that events are missing.
func (w *eventWriter) gap(g client.Gap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	fmt.Fprintln(w.streams.err, g)
}

func orEmpty(args []any) []any {
	if args == nil {
		return []any{}
	}
	return args
}

func orEmptyMap(kwargs map[string]any) map[string]any {
	if kwargs == nil {
		return map[string]any{}
	}
	return kwargs
}
