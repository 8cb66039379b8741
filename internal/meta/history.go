package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxHistoryEvents bounds one answer of get_events; a pattern may match many topics.
	maxHistoryEvents = 1000
	// maxHistoryBytes bounds its memory, to what a client is likely to take as one message.
	maxHistoryBytes = 512 << 10
)

// errHistoryUnavailable is not in the specification; Crossbar.io has it.
const errHistoryUnavailable wamp.URI = "wamp.error.history_unavailable"

var historyProcedures = map[wamp.URI]procedure{
	"wamp.subscription.get_events": {params: []string{"subscription"}, run: getEvents},
}

// historyFilter holds the arguments of get_events (WAMP, "Event History"). An event must match all of it.
type historyFilter struct {
	reverse bool
	limit   int
	topic   wamp.URI // "": all
	times   []func(time.Time) bool
	// Ids of publications, which stand for their positions in the history.
	from, after, before, until wamp.ID
}

// getEvents returns the events of a subscription's topics as positional results. The caller must be allowed to
// subscribe to these topics now.
func getEvents(c *call) (wamp.Payload, error) {
	if c.caller == nil { // lists of receivers need a session to be checked against
		return wamp.Payload{}, wamp.Fail(wamp.ErrNotAuthorized, "the history is told to sessions")
	}
	id, err := c.id("subscription")
	if err != nil {
		return wamp.Payload{}, err
	}
	filter, err := c.historyFilter() // before the subscription: the error must not tell whether the subscription exists
	if err != nil {
		return wamp.Payload{}, err
	}
	info, err := c.readable(id)
	if err != nil {
		return wamp.Payload{}, err
	}
	page, err := c.realm.History(c.ctx, filter.query(info.Subscription, c.caller))
	c.caller.ChargeQuery(page.Work)
	var missing *publication.MissingError
	switch {
	case err != nil && !errors.As(err, &missing):
		return wamp.Payload{}, fmt.Errorf("read the history of %s: %w", info.Topic, err)
	case len(page.Entries) == 0 && !c.realm.KeepsHistory(info.Subscription):
		return wamp.Payload{}, wamp.Fail(errHistoryUnavailable, "no history is kept of %s", info.Topic)
	case err != nil:
		return wamp.Payload{}, wamp.Fail(errHistoryUnavailable, "%s", missing.Error())
	}
	return c.history(page, info.Subscription)
}

// readable returns a subscription whose topics the caller may subscribe to now. For any other one it fails as if there
// were none, unless the caller holds the subscription and so knows of it.
func (c *call) readable(id wamp.ID) (router.SubscriptionInfo, error) {
	info, err := c.subscriptionByID(id)
	if err != nil {
		return info, err
	}
	_, err = c.realm.Authorize(c.ctx, router.Request{Session: c.caller, Action: peer.Subscribe, URI: info.Topic, Match: info.Match})
	if err != nil && !c.caller.Holds(id) {
		return info, noSuchSubscription(id)
	}
	return info, err
}

func (c *call) historyFilter() (f historyFilter, err error) {
	if f.reverse, err = c.flag("reverse"); err != nil {
		return f, err
	}
	f.limit = maxHistoryEvents
	if _, given := c.given["limit"]; given {
		limit, ok := c.given.Int("limit")
		if !ok || limit < 1 {
			return f, invalidArgument("limit must be an integer above 0")
		}
		f.limit = int(min(limit, maxHistoryEvents))
	}
	if _, given := c.given["topic"]; given {
		topic, err := c.text("topic", "")
		if err != nil {
			return f, err
		}
		f.topic = wamp.URI(topic)
	}
	for name, id := range map[string]*wamp.ID{
		"from_publication": &f.from, "after_publication": &f.after,
		"before_publication": &f.before, "until_publication": &f.until,
	} {
		if _, given := c.given[name]; given {
			if *id, err = c.id(name); err != nil {
				return f, err
			}
		}
	}
	f.times, err = c.times()
	return f, err
}

func (c *call) times() ([]func(time.Time) bool, error) {
	var all []func(time.Time) bool
	for _, bound := range []struct {
		name  string
		holds func(event, given time.Time) bool
	}{
		{"from_time", func(event, given time.Time) bool { return !event.Before(given) }},
		{"after_time", func(event, given time.Time) bool { return event.After(given) }},
		{"before_time", func(event, given time.Time) bool { return event.Before(given) }},
		{"until_time", func(event, given time.Time) bool { return !event.After(given) }},
	} {
		if _, given := c.given[bound.name]; !given {
			continue
		}
		text, _ := c.given.String(bound.name)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, invalidArgument("%s must be a time as in RFC 3339", bound.name)
		}
		all = append(all, func(event time.Time) bool { return bound.holds(event, at) })
	}
	return all, nil
}

// query asks the journal for the window that the caller may see. That a publisher leaves itself out does not count: a
// history is a record, not a delivery.
func (f *historyFilter) query(sub wamp.Subscription, s *router.Session) publication.EventQuery {
	return publication.EventQuery{
		Subscription: sub,
		Topic:        f.topic,
		From:         f.from, After: f.after, Before: f.before, Until: f.until,
		Admits:     func(e *publication.Entry) bool { return f.admits(e) && e.Admits(s.Receiver()) },
		Reverse:    f.reverse,
		MaxEntries: f.limit, MaxBytes: maxHistoryBytes,
	}
}

func (f *historyFilter) admits(e *publication.Entry) bool {
	return !slices.ContainsFunc(f.times, func(holds func(time.Time) bool) bool { return !holds(e.At) })
}

// history returns a page of the history as positional results.
func (c *call) history(page publication.EventPage, sub wamp.Subscription) (wamp.Payload, error) {
	var events []any
	var extra wamp.Dict
	for _, e := range page.Entries {
		event, err := eventDetails(e, sub)
		if err != nil {
			c.log.Error("an event of the history cannot be told", "topic", string(e.Topic), "error", err)
			continue
		}
		events = append(events, event)
	}
	if page.More {
		extra = wamp.Dict{"is_limit_reached": true}
	}
	return wamp.NewPayload(events, extra)
}

// eventDetails returns the publication in the form of get_events.
func eventDetails(e *publication.Entry, sub wamp.Subscription) (wamp.Dict, error) {
	event := e.Event(sub)
	details := wamp.Dict{
		"timestamp":    timestamp(e.At),
		"subscription": event.Subscription,
		"publication":  event.Publication,
		"details":      event.Details,
	}
	payload, err := e.Payload.In(wamp.JSON)
	if err != nil {
		return nil, err
	}
	if payload.Args != nil {
		details["args"] = asList(payload.Args)
	}
	if payload.Kwargs != nil {
		details["kwargs"] = json.RawMessage(payload.Kwargs)
	}
	return details, nil
}

// asList returns the positional arguments of a payload as they are: Go values would take many times their length. An
// opaque payload is one argument.
func asList(args []byte) any {
	if args[0] == '[' {
		return json.RawMessage(args)
	}
	return []any{json.RawMessage(args)}
}
