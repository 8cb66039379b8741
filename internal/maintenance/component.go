package maintenance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// Topic is the topic of the state.
	Topic wamp.URI = "tidings.maintenance"
	// maxTries bounds the repetitions of a change when other nodes change the state at the same time.
	maxTries = 5
)

// Options configures a [Component].
type Options struct {
	Store         feature.Store
	OperatorRoles []string     // roles whose pages stay usable in every maintenance
	Logger        *slog.Logger // nil: nothing is logged
}

// Component holds the state of the site. Safe for concurrent use.
type Component struct {
	router.NoObserver
	options Options // without OperatorRoles
	log     *slog.Logger
	realm   *router.Realm // set by Open

	mu      sync.Mutex // guards what follows; not held while storing or publishing
	roles   []string   // see Options.OperatorRoles
	state   State
	version uint64 // of the state in the store; 0 if the store has none
}

// New returns a component. It starts nothing.
func New(options Options) *Component {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Component{options: options, log: options.Logger, roles: options.OperatorRoles}
}

// Configure implements [feature.Configurable]. It tells pages the new roles, if the component is open.
func (c *Component) Configure(all *config.Config) {
	roles := config.SectionOf[Config](all).Maintenance.OperatorRoles
	c.mu.Lock()
	changed := !slices.Equal(roles, c.roles)
	c.roles = roles
	c.mu.Unlock()
	if changed && c.realm != nil {
		c.publish(publication.Filter{})
	}
}

func (c *Component) operatorRoles() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roles
}

// Open implements [feature.Component]. It loads the state and observes subscriptions.
func (c *Component) Open(ctx context.Context, realm *router.Realm) (close func(), err error) {
	c.realm = realm
	if _, err := c.load(ctx); err != nil {
		return nil, err
	}
	return realm.Observe(c), nil
}

// Run implements [feature.Runner]. It follows the changes of other nodes until ctx ends.
func (c *Component) Run(ctx context.Context) error {
	err := c.options.Store.Watch(ctx, func(value []byte, version uint64) {
		changed, err := c.take(value, version)
		if err != nil {
			c.log.Error("the state of the site cannot be followed", "error", err)
		}
		if changed {
			c.publish(publication.Filter{})
		}
	})
	if err != nil {
		return fmt.Errorf("watch the state of the site: %w", err)
	}
	return nil
}

// On turns maintenance on, or changes its message and operators. Repeating it has no effect. An error for
// the caller is a *[wamp.Failure].
func (c *Component) On(ctx context.Context, start Start) (State, error) {
	if err := start.check(); err != nil {
		return State{}, err
	}
	return c.change(ctx, func(s State) State { return s.on(start, time.Now()) })
}

// Off turns maintenance off. Repeating it has no effect.
func (c *Component) Off(ctx context.Context, by string) (State, error) {
	if err := checkUser("by", by); err != nil {
		return State{}, err
	}
	return c.change(ctx, func(s State) State { return s.off(by, time.Now()) })
}

// Status returns the state as pages get it.
func (c *Component) Status() State {
	state, _ := c.current()
	return state.shown(c.operatorRoles())
}

var errContended = errors.New("others changed the state at the same time; try again")

// change applies next to the latest state, stores the result and publishes it. If another node has stored
// a state meanwhile, change applies next to that one.
func (c *Component) change(ctx context.Context, next func(State) State) (State, error) {
	for range maxTries {
		before, version := c.current()
		after := next(before)
		if after.Revision == before.Revision {
			return before.shown(c.operatorRoles()), nil
		}
		value, err := after.encode()
		if err != nil {
			return State{}, err
		}
		now, saved, err := c.options.Store.Save(ctx, value, version)
		if err != nil {
			return State{}, wamp.Fail(wamp.ErrUnavailable, "maintenance is unchanged, because its state cannot be stored: %v; try again when this is mended", err)
		}
		if saved {
			if c.replace(after, now) { // otherwise Run has seen it and publishes
				c.publish(publication.Filter{})
			}
			c.log.InfoContext(ctx, "maintenance changed", "on", after.On, "by", after.By)
			return after.shown(c.operatorRoles()), nil
		}
		changed, err := c.load(ctx)
		if err != nil {
			return State{}, err
		}
		if changed { // by the other node; Run will not publish it, because it is known by then
			c.publish(publication.Filter{})
		}
	}
	return State{}, fmt.Errorf("store the state of the site: %w", errContended)
}

func (c *Component) load(ctx context.Context) (changed bool, err error) {
	value, version, err := c.options.Store.Load(ctx)
	if err != nil {
		return false, fmt.Errorf("load the state of the site: %w", err)
	}
	if version == 0 {
		// Off, with a revision newer than pages remember from a store that has lost its content.
		return c.replace(State{Revision: State{}.next(time.Now())}, 0), nil
	}
	return c.take(value, version)
}

func (c *Component) take(value []byte, version uint64) (changed bool, err error) {
	state, err := decode(value)
	if err != nil {
		return false, err
	}
	return c.replace(state, version), nil
}

// replace adopts a stored state and reports whether it is newer than the known one. Watching a store also
// reports this node's own changes, and late. The same state may get another version, when the store was restored.
func (c *Component) replace(state State, version uint64) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state.Revision < c.state.Revision {
		return false
	}
	changed = state.Revision > c.state.Revision
	c.state, c.version = state, version
	return changed
}

func (c *Component) current() (State, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state, c.version
}

// Collect implements [feature.Meter].
func (c *Component) Collect(yield func(feature.Sample)) {
	on := 0.0
	if c.Status().On {
		on = 1
	}
	yield(feature.Sample{Name: "maintenance", Help: "1 while maintenance is on.", Value: on})
}

// Interface guards.
var (
	_ feature.Component    = (*Component)(nil)
	_ feature.Configurable = (*Component)(nil)
	_ feature.Runner       = (*Component)(nil)
	_ feature.Meter        = (*Component)(nil)
)
