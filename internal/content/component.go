package content

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// TopicPrefix and a tag are the topic that who watches the tag subscribes to.
	TopicPrefix = "tidings.content."
	// TopicChanged takes changes as publications. Who may publish there is the topic table's business.
	TopicChanged wamp.URI = "tidings.changed"
)

// Options is what the component stands on.
type Options struct {
	Realm *router.Realm
	// Declared tells whether a topic has a contract; nil: all have. One that has none has no watchers,
	// not even those whose pattern reaches it: no rule has said that they may.
	Declared func(topic wamp.URI) bool
	Logger   *slog.Logger
}

// Component turns changes into events. It is safe for concurrent use.
type Component struct {
	router.NoObserver
	realm    *router.Realm
	declared func(wamp.URI) bool
	log      *slog.Logger
	undo     []func() // by Open, for Close

	changes, events, refused atomic.Uint64

	mu   sync.Mutex // guards tabs
	tabs map[string][]wamp.ID
}

// Stats counts since the start.
type Stats struct {
	Changes uint64 // accepted
	Events  uint64 // sent for them
	Refused uint64 // changes that were not like one
}

// event is what who watches a tag gets, as keyword arguments.
type event struct {
	Tag     string   `json:"tag"`
	Change  string   `json:"change"`
	Author  *Author  `json:"author"`
	Tab     *string  `json:"tab"`
	Version *string  `json:"version"`
	Fields  []string `json:"fields"`
	At      string   `json:"at"`
}

// New makes the component. It starts nothing.
func New(options Options) *Component {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Declared == nil {
		options.Declared = func(wamp.URI) bool { return true }
	}
	return &Component{
		realm: options.Realm, declared: options.Declared, log: options.Logger, tabs: make(map[string][]wamp.ID),
	}
}

// Open begins to listen and to know the tabs of sessions: call it before clients can join.
func (c *Component) Open() error {
	cancel, err := c.realm.Subscribe(TopicChanged, wamp.MatchExact, c.published)
	if err != nil {
		return fmt.Errorf("listen to %s: %w", TopicChanged, err)
	}
	c.undo = append(c.undo, cancel, c.realm.Observe(c))
	return nil
}

// Close ends what Open began.
func (c *Component) Close() {
	for _, undo := range c.undo {
		undo()
	}
	c.undo = nil
}

// Changed sends one event for each tag of the change that somebody watches. The error is a
// *[wamp.Failure], or that the caller has given up.
func (c *Component) Changed(ctx context.Context, change Change) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("tell a change: %w", err)
	}
	if err := change.check(); err != nil {
		c.refused.Add(1)
		return Result{}, err
	}
	e := event{
		// A string, since all that can be done with it is to compare.
		Change:  strconv.FormatUint(uint64(wamp.NewGlobalID()), 36),
		Author:  change.Author,
		Tab:     optional(change.Tab),
		Version: optional(change.Version),
		Fields:  append([]string{}, change.Fields...), // [] rather than null
		At:      time.Now().UTC().Format(time.RFC3339Nano),
	}
	result := Result{Change: e.Change}
	filter := router.Filter{Exclude: c.sessionsOf(change.Tab)}
	told := make(map[string]struct{}, len(change.Tags))
	for _, tag := range change.Tags {
		if _, twice := told[tag]; twice {
			continue
		}
		told[tag] = struct{}{}
		n, err := c.tell(tag, e, filter)
		if err != nil {
			return result, err
		}
		result.Notified += n
	}
	c.changes.Add(1)
	c.events.Add(uint64(result.Notified))
	return result, nil
}

// tell publishes the event of one tag, or nothing if nobody watches it: most tags are nobody's at
// any moment, and encoding is most of what an event costs.
func (c *Component) tell(tag string, e event, filter router.Filter) (events int, err error) {
	topic := wamp.URI(TopicPrefix + tag)
	if c.realm.Subscribers(topic) == 0 || !c.declared(topic) {
		return 0, nil
	}
	e.Tag = tag
	kwargs, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("encode the event of the tag %q: %w", tag, err)
	}
	receipt := c.realm.Publish(router.Publication{
		Topic:   topic,
		Payload: wamp.Payload{Serialization: wamp.JSON, Kwargs: kwargs},
		Filter:  filter,
	})
	return receipt.Deliveries, nil
}

// published takes a change that came as a publication. There is nobody to answer: what is wrong
// with it goes to the log.
func (c *Component) published(d router.LocalEvent) {
	change, err := decode(d.Payload)
	if err != nil {
		c.refused.Add(1)
	} else {
		attribute(&change, d.Publisher)
		_, err = c.Changed(context.Background(), change)
	}
	if err != nil {
		attributes := []any{"publication", uint64(d.Publication), "error", err}
		if d.Publisher != nil {
			attributes = append(attributes, "session", uint64(d.Publisher.ID()), "user", d.Publisher.Identity().ID)
		}
		c.log.Warn("a change was refused", attributes...)
	}
}

var errNoObject = errors.New("the payload is not one object of keyword arguments")

func decode(p wamp.Payload) (change Change, err error) {
	value, err := p.Value()
	if err != nil {
		return change, fmt.Errorf("read the payload: %w", err)
	}
	if len(value) == 0 || value[0] != '{' {
		return change, errNoObject
	}
	if err := json.Unmarshal(value, &change); err != nil {
		return change, fmt.Errorf("read the change: %w", err)
	}
	return change, nil
}

// attribute makes a change that a user's session published the user's own: only backends are
// believed about others.
func attribute(change *Change, publisher *router.Session) {
	if publisher == nil || publisher.Identity().Backend {
		return
	}
	change.Author = &Author{ID: publisher.Identity().ID, Name: publisher.Identity().Name}
	change.Tab = publisher.Tab()
}

// Stats counts since the start.
func (c *Component) Stats() Stats {
	return Stats{Changes: c.changes.Load(), Events: c.events.Load(), Refused: c.refused.Load()}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
