package meta

import (
	"errors"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router"
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

// historyFilter is what get_events is asked for (WAMP, "Event History"). An event must match all of it.
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
	info, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	filter, err := c.historyFilter()
	if err != nil {
		return wamp.Payload{}, err
	}
	if err := c.maySubscribe(info.Subscription); err != nil {
		return wamp.Payload{}, err
	}
	all := c.realm.History(info.Subscription)
	if len(all) == 0 && !c.realm.KeepsHistory(info.Subscription) {
		return wamp.Payload{}, wamp.Fail(errHistoryUnavailable, "no history is kept of %s", info.Topic)
	}
	if all, err = filter.window(all); err != nil {
		return wamp.Payload{}, err
	}
	return c.events(&filter, all, info.Subscription)
}

// maySubscribe replaces the text of a refusal, which would name the topic of other subscribers.
func (c *call) maySubscribe(sub router.Subscription) error {
	_, err := c.realm.Authorize(c.ctx, router.Request{Session: c.caller, Action: router.Subscribe, URI: sub.Topic, Match: sub.Match})
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return wamp.Fail(failure.URI, "the history of the subscription %d is not yours to read", sub.ID)
	}
	return err
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

// events returns those events that the filter and their lists of receivers admit.
func (c *call) events(f *historyFilter, all []router.Kept, sub router.Subscription) (wamp.Payload, error) {
	if f.reverse {
		slices.Reverse(all)
	}
	var events []any
	var extra wamp.Dict
	bytes := 0
	for _, kept := range all {
		if !f.admits(kept) || !kept.Admits(c.caller) {
			continue
		}
		if bytes += kept.Size(); len(events) == f.limit || bytes > maxHistoryBytes && len(events) > 0 {
			extra = wamp.Dict{"is_limit_reached": true}
			break
		}
		event, err := eventDetails(kept, sub)
		if err != nil {
			c.log.Error("an event of the history cannot be told", "topic", string(kept.Topic()), "error", err)
			continue
		}
		events = append(events, event)
	}
	return wamp.NewPayload(events, extra)
}

// window returns what lies between the publications that were named. A publication that is not in the history (any
// more) is an error and not an empty answer: the caller has missed something.
func (f *historyFilter) window(all []router.Kept) ([]router.Kept, error) {
	start, end := 0, len(all)
	for _, bound := range []struct {
		id    wamp.ID
		limit func(at int)
	}{
		{f.from, func(at int) { start = max(start, at) }},
		{f.after, func(at int) { start = max(start, at+1) }},
		{f.before, func(at int) { end = min(end, at) }},
		{f.until, func(at int) { end = min(end, at+1) }},
	} {
		if bound.id == 0 {
			continue
		}
		at := slices.IndexFunc(all, func(k router.Kept) bool { return k.Publication() == bound.id })
		if at < 0 {
			return nil, wamp.Fail(errHistoryUnavailable, "the publication %d is not in the history, or not any more", bound.id)
		}
		bound.limit(at)
	}
	return all[start:max(start, end)], nil
}

func (f *historyFilter) admits(kept router.Kept) bool {
	if f.topic != "" && kept.Topic() != f.topic {
		return false
	}
	return !slices.ContainsFunc(f.times, func(holds func(time.Time) bool) bool { return !holds(kept.At()) })
}

// eventDetails returns the publication in the form of get_events.
func eventDetails(kept router.Kept, sub router.Subscription) (wamp.Dict, error) {
	event := kept.Event(sub)
	details := wamp.Dict{
		"timestamp":    timestamp(kept.At()),
		"subscription": event.Subscription,
		"publication":  event.Publication,
		"details":      event.Details,
	}
	var args []any
	var kwargs wamp.Dict
	if err := event.Payload.Decode(&args, &kwargs); err != nil {
		return nil, err
	}
	if event.Payload.Args != nil {
		details["args"] = args
	}
	if event.Payload.Kwargs != nil {
		details["kwargs"] = kwargs
	}
	return details, nil
}
