package content

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Feature describes content to the server.
var Feature = feature.Feature{
	Name:   "content",
	Config: config.Section{Keys: (*Config)(nil), Scopes: []string{string(scope)}},
	New: func(h feature.Host) feature.Component {
		return New(Options{Declared: h.Policy.Declares, Rate: config.SectionOf[Config](h.Config).ContentRate, Logger: h.Logger})
	},
}

const (
	// TopicPrefix followed by a tag is the topic of the tag.
	TopicPrefix = "tidings.content."
	// TopicChanged takes changes as publications. Its contract decides which sessions may publish.
	TopicChanged wamp.URI = "tidings.changed"

	// DefaultRate bounds the tags that a user's session may report in a second. Forms of people report a few.
	DefaultRate = 50

	// burst is the largest change, and its publication.
	burst = MaxTags + 1
)

// Options configures a [Component].
type Options struct {
	// Declared reports whether a topic has a contract; nil: all have one. A tag without a contract gets
	// no events, even if a pattern subscription covers its topic: no rule has allowed that.
	Declared func(topic wamp.URI) bool
	Rate     int          // tags in a second that a user's session may report, on average; 0: DefaultRate
	Logger   *slog.Logger // nil: nothing is logged
}

// Component turns changes into events. Safe for concurrent use.
type Component struct {
	router.NoObserver
	declared func(wamp.URI) bool
	log      *slog.Logger
	realm    atomic.Pointer[router.Realm] // nil before Open, when no session can watch

	rate *feature.Rate // of tags that sessions report

	changes, events, refused, limited atomic.Uint64

	mu   sync.Mutex // guards tabs
	tabs map[string][]*router.Session
}

// Stats counts since the start.
type Stats struct {
	Changes uint64 // accepted
	Events  uint64 // sent for accepted changes
	Refused uint64 // malformed changes
	Limited uint64 // changes of sessions that report too many
}

// event is the keyword arguments of the event for one tag.
type event struct {
	Tag     string   `json:"tag"`
	Change  string   `json:"change"`
	Author  *Author  `json:"author"`
	Tab     *string  `json:"tab"`
	Version *string  `json:"version"`
	Fields  []string `json:"fields"`
	At      string   `json:"at"`
}

// New returns a component. It starts nothing.
func New(options Options) *Component {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Declared == nil {
		options.Declared = func(wamp.URI) bool { return true }
	}
	if options.Rate <= 0 {
		options.Rate = DefaultRate
	}
	return &Component{
		declared: options.Declared, log: options.Logger,
		rate: feature.NewRate(options.Rate, burst),
		tabs: make(map[string][]*router.Session),
	}
}

// Configure implements [feature.Configurable].
func (c *Component) Configure(all *config.Config) {
	c.rate.Change(config.SectionOf[Config](all).ContentRate, burst)
}

// Open implements [feature.Component]. It subscribes to [TopicChanged] and observes the tabs of sessions.
func (c *Component) Open(_ context.Context, realm *router.Realm) (close func(), err error) {
	c.realm.Store(realm)
	unsubscribe, err := realm.Subscribe(TopicChanged, wamp.MatchExact, c.published)
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", TopicChanged, err)
	}
	stop := realm.Observe(c)
	return func() { unsubscribe(); stop() }, nil
}

// Changed sends one event for each watched tag of the change. The error is a *[wamp.Failure], or that
// ctx has ended.
func (c *Component) Changed(ctx context.Context, change Change) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("tell a change: %w", err)
	}
	if err := change.check(); err != nil {
		c.refused.Add(1)
		return Result{}, err
	}
	e := event{
		// A string, because receivers can only compare it.
		Change:  strconv.FormatUint(uint64(wamp.NewGlobalID()), 36),
		Author:  change.Author.clean(),
		Tab:     optional(change.Tab),
		Version: optional(change.Version),
		Fields:  append([]string{}, change.Fields...), // [] rather than null
		At:      time.Now().UTC().Format(time.RFC3339Nano),
	}
	result := Result{Change: e.Change, Undeclared: c.undeclared(change.Tags)}
	publications, err := c.publications(&change, e)
	if err != nil {
		return result, err
	}
	if len(publications) > 0 {
		if result.Notified, err = c.realm.Load().PublishAll(publications); err != nil {
			return result, err
		}
	}
	c.changes.Add(1)
	c.events.Add(uint64(result.Notified))
	return result, nil
}

// undeclared returns the tags that have no contract, each once.
func (c *Component) undeclared(tags []string) (without []string) {
	for _, tag := range tags {
		if !c.declared(wamp.URI(TopicPrefix+tag)) && !slices.Contains(without, tag) {
			without = append(without, tag)
		}
	}
	return without
}

// publications returns one publication for each tag that has watchers, or whose changes are kept. Most tags have no
// watcher at any moment, and encoding is the largest part of an event's cost.
func (c *Component) publications(change *Change, e event) (all []router.Publication, err error) {
	realm := c.realm.Load()
	if realm == nil {
		return nil, nil
	}
	filter := publication.Filter{Exclude: c.sessionsOf(change), ExcludePage: change.page()}
	seen := make(map[string]struct{}, len(change.Tags))
	for _, tag := range change.Tags {
		topic := wamp.URI(TopicPrefix + tag)
		if _, twice := seen[tag]; twice || !c.wanted(realm, topic) {
			continue
		}
		seen[tag] = struct{}{}
		e.Tag = tag
		kwargs, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("encode the event of the tag %q: %w", tag, err)
		}
		p := router.Publication{Topic: topic, Payload: wamp.Payload{Serialization: wamp.JSON, Kwargs: kwargs}, Filter: filter}
		kept := publication.Kept{IdempotencyKey: change.IdempotencyKey}
		if p.Kept, err = kept.By(cmp.Or(change.by, publication.ByProgram)); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// wanted reports whether the event of a tag has a receiver, now or later.
func (c *Component) wanted(realm *router.Realm, topic wamp.URI) bool {
	return (realm.KeepsHistory(wamp.Subscription{Topic: topic}) || realm.MayReach(topic)) && c.declared(topic)
}

// published handles a change that came as a publication. A publication has no answer, so errors go to the log. What
// comes too often is only counted: it must not flood the log either.
func (c *Component) published(d router.LocalEvent) {
	if !c.mayReport(d.Publisher, 1) {
		return
	}
	change, err := decode(d.Payload)
	switch {
	case err != nil:
		c.refused.Add(1)
	case !c.mayReport(d.Publisher, min(len(change.Tags), MaxTags)):
		return
	default:
		attribute(&change, d.Publisher)
		var result Result
		if result, err = c.Changed(context.Background(), change); err == nil && len(result.Undeclared) > 0 {
			c.log.Warn("a change has tags without a contract under content, so no page can watch them",
				"tags", len(result.Undeclared), "first", result.Undeclared[0])
		}
	}
	if err != nil {
		attributes := []any{"publication", uint64(d.Publication), "error", err}
		if d.Publisher != nil {
			attributes = append(attributes, "session", uint64(d.Publisher.ID()), "user", d.Publisher.Identity().ID)
		}
		c.log.Warn("a change was refused", attributes...)
	}
}

// mayReport reports whether a session may report so many tags now. A publication counts like one more tag.
func (c *Component) mayReport(publisher *router.Session, tags int) bool {
	if publisher == nil || c.rate.Take(publisher, tags) {
		return true
	}
	c.limited.Add(1)
	return false
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

// attribute sets author and tab of a change that a user's session published to those of the session.
// Only backends may name another author. A user has PUBLISH.Options._id, and no idempotency key that is a backend's.
func attribute(change *Change, publisher *router.Session) {
	if publisher == nil {
		return
	}
	if publisher.Identity().Backend {
		change.by = publication.ByKey(publisher.Identity().ID)
		return
	}
	change.IdempotencyKey = ""
	change.Author = &Author{ID: publisher.Identity().ID, Name: publisher.Identity().Name}
	change.Tab, change.publisher = publisher.Tab(), publisher
}

// Stats returns the counters.
func (c *Component) Stats() Stats {
	return Stats{Changes: c.changes.Load(), Events: c.events.Load(), Refused: c.refused.Load(), Limited: c.limited.Load()}
}

// Collect implements [feature.Meter].
func (c *Component) Collect(yield func(feature.Sample)) {
	s := c.Stats()
	yield(feature.Sample{Name: "content_changes_total", Help: "Changes of content that were told.", Kind: feature.Counter, Value: float64(s.Changes)})
	yield(feature.Sample{Name: "content_events_total", Help: "Watchers that were told of a change.", Kind: feature.Counter, Value: float64(s.Events)})
	yield(feature.Sample{Name: "content_limited_total", Help: "Changes that were refused because a session reported too many.", Kind: feature.Counter, Value: float64(s.Limited)})
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Interface guards.
var (
	_ feature.Component    = (*Component)(nil)
	_ feature.Configurable = (*Component)(nil)
	_ feature.Meter        = (*Component)(nil)
)
