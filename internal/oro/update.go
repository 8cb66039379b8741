package oro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maxGathered bounds the tags that wait for their event. With so many the event goes out at once.
const maxGathered = 10_000

// tag is one element of oro/data/update.
type tag struct {
	name string
	json string // the whole element, which is passed on as it came
}

// parseTags reads the value of oro/data/update: a list, or an object whose values count, which PHP makes of a list with
// gaps.
func parseTags(value []byte) ([]tag, error) {
	d := json.NewDecoder(bytes.NewReader(value))
	open, err := d.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('[') && open != json.Delim('{') {
		return nil, fmt.Errorf("it is %v, and not a list", open)
	}
	var tags []tag
	for d.More() {
		if open == json.Delim('{') {
			if _, err := d.Token(); err != nil {
				return nil, err
			}
		}
		var element json.RawMessage
		if err := d.Decode(&element); err != nil {
			return nil, err
		}
		var named struct {
			Name string `json:"tagname"`
		}
		if err := json.Unmarshal(element, &named); err != nil || named.Name == "" {
			return nil, errors.New("an element has no tagname")
		}
		tags = append(tags, tag{named.Name, string(element)})
	}
	return tags, nil
}

// payloadOf returns the event for a list of tags.
func payloadOf(tags []tag) wamp.Payload {
	b := []byte("[[")
	for i, t := range tags {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, t.json...)
	}
	return wamp.Payload{Serialization: wamp.JSON, Args: append(b, "]]"...)}
}

// updates gathers the tags of oro/data/update and publishes them. Safe for concurrent use.
type updates struct {
	component *Component
	gather    time.Duration
	filtered  bool // by the rule of the configuration

	mu      sync.Mutex // guards what follows
	pending []tag
	known   map[string]bool // the elements of pending
	timer   *time.Timer     // publishes pending; nil: nothing is pending
	closed  bool
}

// take takes a publication of a backend.
func (u *updates) take(e router.LocalEvent) {
	value, err := e.Payload.Value()
	var tags []tag
	if err == nil {
		tags, err = parseTags(value)
	}
	if err != nil {
		u.component.refuse(topicDataUpdate, err)
		return
	}
	if len(tags) > 0 {
		u.component.counts.updates.Add(1)
		u.add(tags)
	}
}

func (u *updates) add(tags []tag) {
	u.mu.Lock()
	for _, t := range tags {
		if !u.known[t.json] {
			if u.known == nil {
				u.known = make(map[string]bool)
			}
			u.known[t.json] = true
			u.pending = append(u.pending, t)
		}
	}
	now := u.gather == 0 || u.closed || len(u.pending) >= maxGathered
	if !now && u.timer == nil {
		u.timer = time.AfterFunc(u.gather, u.flush)
	}
	u.mu.Unlock()
	if now {
		u.flush()
	}
}

// flush publishes what is pending.
func (u *updates) flush() {
	u.mu.Lock()
	tags := u.pending
	if u.timer != nil {
		u.timer.Stop()
	}
	u.pending, u.known, u.timer = nil, nil, nil
	u.mu.Unlock()
	if len(tags) == 0 {
		return
	}
	u.component.missed.remember(tags, time.Now())
	if !u.filtered {
		u.component.publish(router.Publication{Topic: topicDataUpdate, Payload: payloadOf(tags)})
		return
	}
	for _, group := range u.component.watchers.groups(tags, u.component.mayKnow) {
		u.component.publish(router.Publication{
			Topic: topicDataUpdate, Payload: payloadOf(group.tags), Filter: publication.Filter{Eligible: group.sessions},
		})
	}
}

// close publishes what is pending, and from now on everything at once.
func (u *updates) close() {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.flush()
}
