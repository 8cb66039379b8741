package router

import (
	"errors"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// maxHistoryEvents bounds one answer of get_events; a pattern may match many topics.
	maxHistoryEvents = 1000
	// maxHistoryBytes bounds it in memory, to what a client is likely to take as one message.
	maxHistoryBytes = 512 << 10
)

// errHistoryUnavailable is not in the specification; Crossbar.io has it.
const errHistoryUnavailable wamp.URI = "wamp.error.history_unavailable"

var historyProcedures = map[wamp.URI]metaProcedure{
	"wamp.subscription.get_events": {params: []string{"subscription"}, run: getEvents},
}

// historyFilter is what get_events is asked for (WAMP, "Event History"); all of it must hold.
type historyFilter struct {
	reverse bool
	limit   int
	topic   wamp.URI // "": all
	times   []func(time.Time) bool
	// Positions in the stored order, which ids do not have.
	from, after, before, until wamp.ID
}

// getEvents gives the events of a subscription's topics as positional results. The caller must be
// allowed to subscribe to them now, whoever else does.
func getEvents(c *metaCall) (wamp.Payload, error) {
	if c.caller == nil { // for whom should it be filtered?
		return wamp.Payload{}, wamp.Fail(wamp.ErrNotAuthorized, "the history is told to sessions")
	}
	sub, err := c.subscription()
	if err != nil {
		return wamp.Payload{}, err
	}
	filter, err := c.historyFilter()
	if err != nil {
		return wamp.Payload{}, err
	}
	if err := c.maySubscribe(sub.info); err != nil {
		return wamp.Payload{}, err
	}
	all := c.realm.history.events(sub.info)
	if len(all) == 0 && !c.realm.keepsHistory(sub.info) {
		return wamp.Payload{}, wamp.Fail(errHistoryUnavailable, "no history is kept of %s", sub.info.Topic)
	}
	if all, err = filter.window(all); err != nil {
		return wamp.Payload{}, err
	}
	return filter.answer(all, c.caller, sub.info)
}

// maySubscribe does not pass the refusal on: it would name the topic that somebody else listens to.
func (c *metaCall) maySubscribe(sub Subscription) error {
	_, err := c.caller.authorize(c.ctx, Request{Session: c.caller, Action: Subscribe, URI: sub.Topic, Match: sub.Match})
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return wamp.Fail(failure.URI, "the history of the subscription %d is not yours to read", sub.ID)
	}
	return err
}

// keepsHistory tells whether an empty history is one. Of a pattern nobody can say: new topics may come.
func (r *Realm) keepsHistory(sub Subscription) bool {
	ask := r.router.options.Retention
	return ask != nil && (sub.Match != wamp.MatchExact || ask(sub.Topic).History > 0)
}

func (c *metaCall) historyFilter() (f historyFilter, err error) {
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

func (c *metaCall) flag(name string) (bool, error) {
	value, given := c.given[name]
	flag, ok := value.(bool)
	if given && !ok {
		return false, invalidArgument("%s must be a boolean", name)
	}
	return flag, nil
}

func (c *metaCall) times() ([]func(time.Time) bool, error) {
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

// window keeps what lies between the publications that were named. One that is not there (any more)
// is an error, not an empty answer: the caller has missed something.
func (f *historyFilter) window(all []*record) ([]*record, error) {
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
		at := slices.IndexFunc(all, func(r *record) bool { return r.publication == bound.id })
		if at < 0 {
			return nil, wamp.Fail(errHistoryUnavailable, "the publication %d is not in the history, or not any more", bound.id)
		}
		bound.limit(at)
	}
	return all[start:max(start, end)], nil
}

// admits leaves out the publisher's excluding itself: this is a record, not a delivery.
func (f *historyFilter) admits(r *record, s *Session) bool {
	if f.topic != "" && r.topic != f.topic || !r.receivers.admits(s.client) {
		return false
	}
	return !slices.ContainsFunc(f.times, func(holds func(time.Time) bool) bool { return !holds(r.at) })
}

func (f *historyFilter) answer(all []*record, s *Session, sub Subscription) (wamp.Payload, error) {
	if f.reverse {
		slices.Reverse(all)
	}
	var events []any
	var extra wamp.Dict
	bytes := 0
	for _, r := range all {
		if !f.admits(r, s) {
			continue
		}
		if bytes += r.size; len(events) == f.limit || bytes > maxHistoryBytes && len(events) > 0 {
			extra = wamp.Dict{"is_limit_reached": true}
			break
		}
		event, err := r.entry(sub)
		if err != nil {
			s.realm.router.options.Logger.Error("an event of the history cannot be told", "topic", string(r.topic), "error", err)
			continue
		}
		events = append(events, event)
	}
	return wamp.NewPayload(events, extra)
}

// entry is the record as get_events tells it.
func (r *record) entry(sub Subscription) (wamp.Dict, error) {
	event := r.event(sub)
	entry := wamp.Dict{
		"timestamp":    timestamp(r.at),
		"subscription": event.Subscription,
		"publication":  event.Publication,
		"details":      event.Details,
	}
	var args []any
	var kwargs wamp.Dict
	if err := r.payload.Decode(&args, &kwargs); err != nil {
		return nil, err
	}
	if r.payload.Args != nil {
		entry["args"] = args
	}
	if r.payload.Kwargs != nil {
		entry["kwargs"] = kwargs
	}
	return entry, nil
}
