//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// messages are sent often by a session. Their names tell what is costly about them.
var messages = map[string]func(i int) node{
	"PUBLISH: values of an unknown option": func(i int) node {
		return []node{16, i + 1, object{{"x", many{largest, object{{"", nil}}}}}, "open.1"}
	},
	"PUBLISH: many options":    func(i int) node { return []node{16, i + 1, numbered{largest, nil}, "open.1"} },
	"PUBLISH: a long eligible": func(i int) node { return []node{16, i + 1, object{{"eligible", many{largest, 5}}}, "open.1"} },
	"PUBLISH: a long exclude_authid": func(i int) node {
		return []node{16, i + 1, object{{"exclude_authid", many{largest, "a"}}}, "open.1"}
	},
	"CALL: values of an unknown option": func(i int) node {
		return []node{48, i + 1, object{{"x", many{largest, object{{"", nil}}}}}, "open.nobody"}
	},
	"SUBSCRIBE: values of an unknown option": func(i int) node {
		return []node{32, i + 1, object{{"x", many{largest, []node{}}}}, "open.1"}
	},
	"REGISTER: values of an unknown option": func(i int) node {
		return []node{64, i + 1, object{{"x", many{largest, []node{}}}}, "open." + strconv.Itoa(i)}
	},
	"CALL: meta procedure with many arguments": func(i int) node {
		return []node{48, i + 1, object{}, "wamp.subscription.get_events", many{largest, 1}}
	},
	"CALL: presence with many keywords": func(i int) node {
		return []node{48, i + 1, object{}, "tidings.presence.enter", []node{}, numbered{largest, nil}}
	},
	"PUBLISH: keywords with many keys": func(i int) node { return []node{16, i + 1, acknowledge, "open.1", []node{}, numbered{largest, nil}} },
	"PUBLISH: deep arguments":          func(i int) node { return []node{16, i + 1, acknowledge, "open.1", []node{nested(largest)}} },
	"PUBLISH: a wrong text":            func(i int) node { return []node{16, i + 1, acknowledge, "open.1", []node{wrongText}} },
	"SUBSCRIBE: patterns": func(i int) node {
		return []node{32, i + 1, object{{"match", "wildcard"}}, strings.Repeat(".", i%30) + "open." + strconv.Itoa(i%900)}
	},
	"numbers: a long negative exponent": func(i int) node {
		return checked(i, entry{"id", verbatim{"json": "1e-999999"}})
	},
	"numbers: many long exponents": func(i int) node {
		return checked(i, entry{"lines", many{1000, verbatim{"json": "1e-999999"}}})
	},
	"numbers: a long positive exponent": func(i int) node { return checked(i, entry{"id", verbatim{"json": "1e1000001"}}) },
	"numbers: many digits": func(i int) node {
		return checked(i, entry{"price", verbatim{"json": "0." + strings.Repeat("1", 10_000)}})
	},
	"schema: many wrong items":       func(i int) node { return checked(i, entry{"lines", many{largest, nil}}) },
	"schema: many different items":   func(i int) node { return checked(i, entry{"set", distinct(3000)}) },
	"schema: a pattern that repeats": func(i int) node { return checked(i, entry{"lines", many{20, strings.Repeat("a", 2000) + "b"}}) },
	"schema: a long address":         func(i int) node { return checked(i, entry{"mail", strings.Repeat("a@", 20_000)}) },
}

var (
	acknowledge = object{{"acknowledge", true}}
	// wrongText is a text that is cut in the middle of a character.
	wrongText = verbatim{"json": `"cut \ud83d"`, "msgpack": "\xa2\xf0\x9f", "cbor": "\x62\xf0\x9f", "ubjson": "Si\x02\xf0\x9f"}
)

// checked is a publication with a payload that a schema checks.
func checked(i int, kwargs ...entry) node {
	return []node{16, i + 1, acknowledge, "checked.1", []node{}, object(kwargs)}
}

func distinct(n int) []node {
	all := make([]node, n)
	for i := range all {
		all[i] = object{{"n", i}}
	}
	return all
}

// byUsers are attacks of clients with a session.
func byUsers() []attack {
	var all []attack
	for name, message := range messages {
		topic := "open.1"
		if strings.HasPrefix(name, "numbers") || strings.HasPrefix(name, "schema") {
			topic = "checked.1" // what is ordinary there is checked, too
		}
		all = append(all, attack{name: name, joined: true, ways: few, parallel: 4, play: repeat(message), topic: topic})
	}
	return append(all,
		attack{name: "history: get_events over and over", joined: true, ways: few[:2], parallel: 2, play: queries, bystanders: publish},
		attack{name: "history: get_retained over and over", joined: true, ways: few[:2], parallel: 2, play: retained, bystanders: publish},
		attack{name: "presence: view and edit in turns", joined: true, ways: few[:2], parallel: 2, play: toggles, bystanders: crowd},
		attack{name: "SUBSCRIBE and UNSUBSCRIBE in turns", joined: true, ways: few[:2], parallel: 4, play: churn},
	)
}

// repeat sends messages of one kind.
func repeat(message func(i int) node) func(context.Context, *attacker, *client) error {
	return func(ctx context.Context, a *attacker, c *client) error {
		forged := memoized(func(i int) []byte { return forge(c.serialization, message(i)) })
		return a.flood(c, a.count(len(forged(0)), 4), forged)
	}
}

// memoized makes each of the first messages once. Those after them are the first ones again, with their request ids:
// the server is lenient about them.
func memoized(message func(int) []byte) func(int) []byte {
	const kept = 64
	var made [kept][]byte
	return func(i int) []byte {
		if made[i%kept] == nil {
			made[i%kept] = message(i % kept)
		}
		return made[i%kept]
	}
}

// ordinary is an acknowledged publication of about that length, as a business application sends it: records with a few
// short members each. It is what the schema of the topic wants.
func ordinary(serialization, topic string, length int) []byte {
	record := object{{"id", 4711}, {"name", "Ann Abel"}, {"paid", true}, {"street", "1 High Street"}, {"note", nil}}
	each := len(forge(serialization, record)) + 1
	return forge(serialization, []node{16, 1, acknowledge, topic, []node{}, object{
		{"id", 1}, {"records", many{max(length/each, 1), record}}, {"lines", []node{"aaa"}},
	}})
}

// publish publishes to topics that are kept, before the attack.
func publish(ctx context.Context, a *attacker) (func() error, error) {
	c, err := a.bystanders.join(ctx, few[0])
	if err != nil {
		return nil, err
	}
	defer c.close()
	const publications, topics = 4000, 100
	for i := range publications {
		if err := c.send(forge(c.serialization, []node{16, i + 1, object{}, "kept." + strconv.Itoa(i%topics), []node{i}})); err != nil {
			return nil, err
		}
	}
	return func() error { return nil }, c.fence()
}

// queries asks for the newest event of many topics that have a history.
func queries(_ context.Context, a *attacker, c *client) error {
	subscription, err := c.subscribe("kept.", object{{"match", "prefix"}})
	if err != nil {
		return err
	}
	return a.flood(c, 200*a.times, func(i int) []byte {
		return forge(c.serialization, []node{48, i + 10, object{}, "wamp.subscription.get_events", []node{subscription}, object{{"limit", 1}, {"reverse", true}}})
	})
}

// retained subscribes to all topics again and again, and asks for what was retained.
func retained(_ context.Context, a *attacker, c *client) error {
	return a.flood(c, 50*a.times, func(i int) []byte {
		return forge(c.serialization, []node{32, i + 1, object{{"get_retained", true}, {"match", "prefix"}}, "kept."})
	})
}

// crowd opens sessions that watch a record. Each must still be there after the attack.
func crowd(ctx context.Context, a *attacker) (func() error, error) {
	const size = 100
	watchers := make([]*client, size)
	watching := make(chan error, size)
	for i := range watchers {
		w, err := a.bystanders.join(ctx, few[0])
		if err != nil {
			return nil, err
		}
		if _, err := w.subscribe("tidings.presence.record.1", object{}); err != nil {
			return nil, err
		}
		watchers[i] = w
		go func() { watching <- w.await(isFence) }()
	}
	return func() error {
		for _, w := range watchers {
			if err := w.send(forge(w.serialization, []node{34, fenceRequest, fenceRequest})); err != nil {
				return fmt.Errorf("a watcher lost its session: %w", err)
			}
		}
		for range watchers {
			if err := <-watching; err != nil {
				return fmt.Errorf("a watcher lost its session: %w", err)
			}
		}
		for _, w := range watchers {
			w.close()
		}
		return nil
	}, nil
}

// toggles changes between viewing and editing a record that many others watch.
func toggles(_ context.Context, a *attacker, c *client) error {
	modes := []string{"view", "edit"}
	return a.flood(c, 1000*a.times, func(i int) []byte {
		return forge(c.serialization, []node{48, i + 1, object{}, "tidings.presence.enter", []node{}, object{{"record", "record.1"}, {"mode", modes[i%2]}}})
	})
}

// churn subscribes to a topic and unsubscribes.
func churn(_ context.Context, a *attacker, c *client) error {
	for i := range 1000 * a.times {
		if err := a.post(c, forge(c.serialization, []node{32, 2*i + 1, object{}, "open.1"})); err != nil {
			return err
		}
		var subscription wamp.ID
		if err := c.await(func(m wamp.Message) bool {
			granted, ok := m.(*wamp.Subscribed)
			if ok {
				subscription = granted.Subscription
			}
			return ok
		}); err != nil {
			return err
		}
		if err := a.post(c, forge(c.serialization, []node{34, 2*i + 2, int(subscription)})); err != nil {
			return err
		}
		if err := c.await(func(m wamp.Message) bool { _, ok := m.(*wamp.Unsubscribed); return ok }); err != nil {
			return err
		}
	}
	return nil
}

// subscribe subscribes and returns the id of the subscription.
func (c *client) subscribe(topic string, options object) (int, error) {
	c.request++
	if err := c.send(forge(c.serialization, []node{32, c.request, options, topic})); err != nil {
		return 0, err
	}
	var id int
	var refusal error
	err := c.await(func(m wamp.Message) bool {
		switch m := m.(type) {
		case *wamp.Subscribed:
			id = int(m.Subscription)
		case *wamp.Error:
			refusal = fmt.Errorf("subscribe to %s: %s", topic, m.Error)
		default:
			return false
		}
		return true
	})
	if err != nil {
		return 0, err
	}
	return id, refusal
}
